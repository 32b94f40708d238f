"""Run uv with the index, proxy and certificate that the user's pip is configured for.

uv does not read pip's configuration; this passes it on, so that `make` works behind a package mirror.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

HERE = Path(sys.executable).parent


def pip_config() -> dict[str, str]:
    """pip's merged configuration, environment last: `{"index-url": …}`."""
    listed = subprocess.run(
        [sys.executable, "-m", "pip", "config", "list"], capture_output=True, text=True, check=False
    ).stdout
    rank = {"global": 0, "install": 1, ":env:": 2}
    found: dict[str, tuple[int, str]] = {}
    for line in listed.splitlines():
        name, _, value = line.partition("=")
        section, _, key = name.partition(".")
        if section in rank and rank[section] >= found.get(key, (0, ""))[0]:
            found[key] = (rank[section], value.strip("'\""))
    return {key: value for key, (_, value) in found.items()}


def environment() -> dict[str, str]:
    """This process's environment with uv's own variables filled in from pip's configuration."""
    config = pip_config()
    env = dict(os.environ, UV_COMPILE_BYTECODE="1", UV_HTTP_TIMEOUT=config.get("default-timeout", "180"))
    names = {"index-url": "UV_DEFAULT_INDEX", "cert": "SSL_CERT_FILE", "proxy": "ALL_PROXY"}
    for key, name in names.items():
        if key in config:
            env.setdefault(name, config[key])
    return env


def main(args: list[str]) -> int:
    """Install `args`, or with `--compile` resolve these files into constraints.txt."""
    uv = shutil.which("uv", path=str(HERE)) or "uv"
    if args[:1] == ["--compile"]:
        return compile_constraints(uv, args[1:])
    shown = [] if sys.stderr.isatty() else ["--quiet"]
    code = subprocess.call([uv, "pip", "install", "--python", sys.executable, *shown, *args], env=environment())
    if code == 0:
        compile_sources()
    return code


def compile_constraints(uv: str, files: list[str]) -> int:
    """Pin everything that the repository's environment needs, without naming an index."""
    own = ["zoo-registry", "zoo-nlp", "zoo-vision", "zoo-speech", "zoo-detection"]
    for file in [Path("plugins") / name for name in own[1:]]:
        files = [f for f in files if Path(f).parent != file]
    dirs = ["."] + [f"plugins/{name}" for name in own[1:]]
    source = "\n".join(f"{name} @ {Path(d).absolute().as_uri()}" for name, d in zip(own, dirs, strict=True))
    skip = [part for name in own for part in ("--no-emit-package", name)]
    command = [uv, "pip", "compile", "--python", sys.executable, "--quiet", "--no-header", "--no-annotate", "--upgrade"]
    command += ["--no-emit-index-url", "--no-emit-find-links", *skip, "-o", "constraints.txt"]
    command += ["--extra", "run", "--extra", "onnx", "pyproject.toml", "requirements-dev.txt", "-"]
    return subprocess.run(command, input=source, text=True, env=environment(), check=False).returncode


def compile_sources() -> None:
    """Compile the editable sources too, so that start-up does not depend on who ran first."""
    subprocess.run([sys.executable, "-m", "compileall", "-q", "zoo", "plugins"], check=False)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
