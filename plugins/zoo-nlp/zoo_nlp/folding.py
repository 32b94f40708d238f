"""The runner that folds proteins."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from zoo.errors import BadData
from zoo.plugin import NoOptions, Runner
from zoo.tasks import ProteinStructure
from zoo_nlp.texts import check_text

__all__ = ["ProteinFolding"]

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
        # `output_to_pdb` makes numpy arrays, which know no bfloat16.
        outputs = {name: _float32(value) for name, value in module.infer(batch).items()}
        outputs["plddt"] = 100 * outputs["plddt"]
        atoms = outputs["atom37_atom_exists"].float()
        means = (outputs["plddt"] * atoms).sum((1, 2)) / atoms.sum((1, 2)).clamp(min=1)
        return list(zip(module.output_to_pdb(outputs), means.tolist(), strict=True))

    def finish(
        self, outputs: Sequence[tuple[str, float]], examples: Sequence[str], options: NoOptions
    ) -> Sequence[ProteinStructure]:
        """One structure for each."""
        return [ProteinStructure(pdb, plddt) for pdb, plddt in outputs]


def _float32(value: Any) -> Any:
    """A tensor of numbers in float32; anything else as it is."""
    return value.float() if hasattr(value, "is_floating_point") and value.is_floating_point() else value
