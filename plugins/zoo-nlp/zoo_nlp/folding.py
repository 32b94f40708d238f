"""The runner that folds proteins."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from zoo.errors import BadData
from zoo.plugin import NoOptions, Runner
from zoo.tasks import ProteinStructure
from zoo_nlp.texts import check_text

__all__ = ["ProteinFolding"]

# What a PDB text is written of, beside the positions: (batch, residues, …).
_BY_RESIDUE = ("aatype", "atom37_atom_exists", "plddt", "residue_index", "residx_atom37_to_atom14")

RESIDUES = frozenset("ACDEFGHIKLMNPQRSTVWYX")  # one letter an amino acid; X is an unknown one


class ProteinFolding(Runner):
    """The shape of a protein, from its sequence of amino acids in one-letter code, by ESMFold.

    The confidence (pLDDT) is the mean over the atoms; in the PDB text it stands in the column of the B-factors, from
    0 to 100 as is usual (Lin et al. 2023, https://doi.org/10.1126/science.ade2574).
    """

    batch = 1  # the memory of a fold grows with the square of the length

    def prepare(self, value: Any, options: NoOptions) -> Sequence[str]:
        """The sequence in upper case; `BadData` for a letter that is no amino acid."""
        sequence = "".join(check_text(value).split()).upper()
        if wrong := sorted(set(sequence) - RESIDUES):
            raise BadData(
                f"{', '.join(map(repr, wrong[:5]))} is no amino acid", "Write a sequence in one-letter code: MKTAYIAK…"
            )
        return [sequence]

    def size(self, example: str) -> int:
        """Number of residues."""
        return len(example)

    def collate(self, examples: Sequence[str]) -> list[str]:
        """The sequences; the model makes its own tokens of them."""
        return list(examples)

    def forward(self, module: Any, batch: list[str], options: NoOptions) -> Sequence[tuple[str, float]]:
        """PDB text and mean confidence of each."""
        outputs = module.infer(batch)
        return [_structure(module, outputs, place, len(sequence)) for place, sequence in enumerate(batch)]

    def finish(
        self, outputs: Sequence[tuple[str, float]], examples: Sequence[str], options: NoOptions
    ) -> Sequence[ProteinStructure]:
        """One structure for each."""
        return [ProteinStructure(pdb, plddt) for pdb, plddt in outputs]


def _structure(module: Any, outputs: Mapping[str, Any], place: int, length: int) -> tuple[str, float]:
    """PDB text and mean confidence of one sequence of a batch, without the padding up to the longest.

    Of padding the PDB text would tell: its last record names the last residue.
    """
    # `output_to_pdb` makes numpy arrays, which know no bfloat16.
    one = {name: _float32(outputs[name][place : place + 1, :length]) for name in _BY_RESIDUE}
    one["plddt"] = 100 * one["plddt"]
    one["positions"] = _float32(outputs["positions"][:, place : place + 1, :length])
    atoms = one["atom37_atom_exists"]
    mean = (one["plddt"] * atoms).sum() / atoms.sum().clamp(min=1)
    return module.output_to_pdb(one)[0], mean.item()


def _float32(value: Any) -> Any:
    """A tensor of floating-point numbers in float32; any other as it is."""
    return value.float() if value.is_floating_point() else value
