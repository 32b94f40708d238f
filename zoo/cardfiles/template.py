"""A card to fill in."""

from __future__ import annotations

__all__ = ["TEMPLATE"]

TEMPLATE = """\
# A model card for `zoo catalog add`. Lines that begin with # may be left out. Unknown facts: leave the field out.
# Several cards go into one file, parted by a line of three dashes.

id: me/my-model                  # unique: name or owner/name
task: text-classification        # its main task; `zoo search --facets` lists them
library: transformers            # what it was made with
loader: transformers             # what builds it; `zoo plugin list` names the plugins that supply loaders
architecture: BertForSequenceClassification
summary: Is a film review good or bad?

# Where its files are: a folder, a hub's repository, a package, an address. A relative folder is one beside this file.
sources:
  - file:./my-model
# - hf:owner/name@revision
# - https://example.org/model.safetensors

licence: Apache-2.0              # of the weights, as an SPDX expression
# licence: {weights: Apache-2.0, package: MIT, source: "where you read it"}

# tasks: [feature-extraction]    # what it can do besides
# parameters: 22.7M
# size: 90868376                 # bytes of the weights
# macs: 5.6G                     # multiply-accumulates of one forward pass
# published: 2026-01-31          # or 2026-01, or 2026
# languages: [de, en]
# datasets: [imdb]
# tags: [internal]
# family: bert
# aliases: [film-judge]          # further names, in lower case
# paper: https://arxiv.org/abs/1810.04805
# base: google-bert/bert-base-uncased
# metrics:
#   - {name: accuracy, value: 91.3, dataset: sst2, source: "where you read it"}
# config: {}                     # what the loader must know and the files do not say
# files:                         # the files one by one, instead of all that the source holds
#   - {path: model.safetensors, origin: "https://example.org/model.safetensors", sha256: 64 hex digits, size: 90868376}
# deprecated: Why it should not be chosen any more.
# replaced_by: me/my-better-model
# facts: {parameters: counted by me}
"""
