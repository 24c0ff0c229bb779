#!/usr/bin/env python3
"""Fails if a crate of the workspace depends on a later one, if modules of a crate import each other
in a cycle, if a published crate lacks a description, or if docs/architecture.md names a file that
does not exist.

A re-export (`pub use child::Item`) does not count as an import: code that uses the name imports the
module that defines it. So a parent may declare and re-export its children, and the children may use
what the parent defines, as long as the parent does not use them in turn. Code for tests does not
count.
"""

import json
import re
import subprocess
import sys
import tempfile
from collections import defaultdict
from pathlib import Path

ITEM = re.compile(r"\b(?:struct|enum|union|trait|fn|type|const|static|macro_rules!)\s+(?:mut\s+)?([A-Za-z_]\w*)")
TEST = re.compile(r"#\[cfg\((?:test|any\(test[^)]*\))\)\]")
PATH = re.compile(r"(?<![\w:.])(?:[A-Za-z_]\w*)(?:\s*::\s*(?:<|[A-Za-z_]\w*))+")


def without_comments_and_texts(text):
    """The code without comments and with empty string literals, on the same lines."""
    token = re.compile(
        r'//[^\n]*|/\*.*?\*/|b?r(#*)".*?"\1|b?"(?:\\.|[^"\\])*"|b?\'(?:\\(?:x..|u\{[^}]*\}|.)|[^\'\\])\'', re.S
    )
    return token.sub(lambda match: '""' + "\n" * match.group().count("\n"), text)


def end_of_block(code, start):
    """The end of the item that begins at `start`: after its braces or its semicolon."""
    depth = 0
    for at in range(start, len(code)):
        if code[at] in "{([":
            depth += 1
        elif code[at] in "})]":
            depth -= 1
            if depth == 0 and code[at] == "}":
                return at + 1
        elif code[at] == ";" and depth == 0:
            return at + 1
    return len(code)


def without_tests(code):
    while match := TEST.search(code):
        end = end_of_block(code, match.end())
        code = code[: match.start()] + "\n" * code[match.start() : end].count("\n") + code[end:]
    return code


def use_tree(text, prefix=()):
    """The paths of a `use`, each with the name that it is imported under."""
    text = text.strip()
    if "{" in text and (brace := text.index("{")) is not None:
        head = [part for part in re.split(r"\s*::\s*", text[:brace].strip()) if part]
        depth, start, inner = 0, 0, text[brace + 1 : text.rindex("}")]
        for at, sign in enumerate(inner + ","):
            depth += (sign == "{") - (sign == "}")
            if sign == "," and depth == 0:
                if inner[start:at].strip():
                    yield from use_tree(inner[start:at], prefix + tuple(head))
                start = at + 1
        return
    path, _, alias = text.partition(" as ")
    path = prefix + tuple(part for part in re.split(r"\s*::\s*", path.strip()) if part)
    if path[-1] == "self":
        path = path[:-1]
    yield path, alias.strip() or path[-1]


class Module:
    def __init__(self, name, file):
        self.name, self.file = name, file
        self.items, self.names, self.globs, self.public = set(), {}, [], set()
        self.uses, self.paths = [], []


class Crate:
    def __init__(self, root):
        self.modules = {}
        self.read((), root, root.parent)

    def read(self, name, file, directory):
        self.read_code(name, file, directory, without_tests(without_comments_and_texts(file.read_text())))

    def read_code(self, name, file, directory, code, first_line=1):
        module = self.modules[name] = Module(name, file)
        for match in list(re.finditer(r"\bmod\s+(\w+)\s*(;|\{)", code)):
            child = match.group(1)
            if match.group(2) == ";":
                flat, nested = directory / f"{child}.rs", directory / child / "mod.rs"
                self.read((*name, child), flat if flat.exists() else nested, directory / child)
            else:
                end = end_of_block(code, match.start())
                body = code[match.end() : end - 1]
                line = first_line + code[: match.end()].count("\n")
                self.read_code((*name, child), file, directory / child, body, line)
                code = code[: match.end()] + "\n" * body.count("\n") + code[end - 1 :]
        uses = re.compile(r"(\bpub(?:\([^)]*\))?\s+)?\buse\s+([^;]+);")
        for match in uses.finditer(code):
            line = first_line + code[: match.start(2)].count("\n")
            for path, alias in use_tree(match.group(2)):
                if path[-1] == "*":
                    module.globs.append(path[:-1])
                else:
                    module.names[alias] = path
                if match.group(1):
                    module.public.add(alias)
                else:
                    module.uses.append((path, line))
        rest = uses.sub(lambda match: "\n" * match.group().count("\n"), code)
        module.items = set(ITEM.findall(rest))
        for match in PATH.finditer(rest):
            path = tuple(part for part in re.split(r"\s*::\s*", match.group()) if part != "<")
            module.paths.append((path, first_line + rest[: match.start()].count("\n")))

    def resolve(self, module, path, seen=frozenset()):
        """The module that defines what the path names, or None if it is not in this crate."""
        if (module, path) in seen:
            return None
        seen = seen | {(module, path)}
        here, rest = module, list(path)
        if rest[0] == "crate":
            here, rest = (), rest[1:]
        elif rest[0] in ("self", "super"):
            while rest and rest[0] in ("self", "super"):
                here = here[:-1] if rest.pop(0) == "super" else here
        elif (*here, rest[0]) not in self.modules and rest[0] not in self.modules[here].names:
            return self.through_globs(here, rest, seen)
        while rest:
            step = rest.pop(0)
            known = self.modules.get(here)
            if known is None:
                return None
            if step in known.names and step not in known.items and (*here, step) not in self.modules:
                if known.names[step][0] == step:
                    return None
                return self.resolve(here, (*known.names[step], *rest), seen)
            if (*here, step) in self.modules:
                here = (*here, step)
            elif step in known.items or not rest and step == "*":
                return here
            else:
                return self.through_globs(here, [step, *rest], seen) or here
        return here

    def through_globs(self, here, rest, seen):
        if rest[0] in self.modules[here].items:
            return here
        for glob in self.modules[here].globs:
            target = self.resolve(here, glob, seen)
            if target is not None and target != here:
                known = self.modules[target]
                if rest[0] in known.items or rest[0] in known.names or (*target, rest[0]) in self.modules:
                    return self.resolve(target, ("self", *rest), seen)
        return None

    def imports(self):
        edges = defaultdict(dict)
        for name, module in self.modules.items():
            for path, line in module.uses + module.paths:
                if path[-1] == "*":
                    path = path[:-1]
                target = self.resolve(name, path)
                if target is not None and target != name:
                    edges[name].setdefault(target, line)
        return edges


def cycles(edges):
    """The shortest cycle through each module that is in one, each cycle once."""
    found = {}
    for start in edges:
        before, queue = {start: None}, [start]
        while queue:
            here = queue.pop(0)
            if start in edges.get(here, {}):
                cycle = []
                while here is not None:
                    cycle.insert(0, here)
                    here = before[here]
                found.setdefault(frozenset(cycle), cycle)
                break
            for target in edges.get(here, {}):
                if target not in before:
                    before[target] = here
                    queue.append(target)
    return list(found.values())


# Each crate depends only on crates before it, except for its tests.
LAYERS = [
    "sops-test-support",
    "sops-printable",
    "sops-hardening",
    "sops-redaction",
    "sops-go-compat",
    "sops-document",
    "sops-keys",
    "sops-core",
    "sops-placeholder",
    "sops-keyservice",
    "sops-kms",
    "sops-lint",
    "kustomize-plugin",
    "sops-cli",
]


def packages(workspace):
    command = ["cargo", "metadata", "--no-deps", "--offline", "--format-version", "1"]
    return json.loads(subprocess.run(command, check=True, capture_output=True, cwd=workspace).stdout)["packages"]


def wrong_dependencies(package, layers):
    """The package's dependencies that violate the layers."""
    if package["name"] not in layers:
        yield f"{package['name']} is missing in LAYERS of .ci/structure.py"
        return
    layer = layers.index(package["name"])
    for dependency in package["dependencies"]:
        name = dependency["name"]
        if name in layers and dependency["kind"] != "dev" and layers.index(name) >= layer:
            yield f"{package['name']} must not depend on {name}"


def module_cycles(root, workspace):
    """The cycles in the crate whose root file is `root`, each with the lines that import."""
    crate = Crate(root)
    edges = crate.imports()
    for cycle in cycles(edges):
        lines = [f"{root.parent.parent.relative_to(workspace)}: modules import each other in a cycle:"]
        for here, there in zip(cycle, cycle[1:] + cycle[:1]):
            location = f"{crate.modules[here].file.relative_to(workspace)}:{edges[here][there]}"
            lines.append(f"  {'::'.join(here) or 'crate'} -> {'::'.join(there) or 'crate'}  ({location})")
        yield "\n".join(lines)


def missing_metadata(package):
    """The fields that a published crate lacks."""
    if package["publish"] == []:
        return
    for field in ("description", "keywords", "categories", "readme", "license", "repository", "rust_version"):
        if not package[field]:
            yield f"{package['name']}/Cargo.toml has no {field.replace('_', '-')}"


def missing_files(workspace):
    """The paths in docs/architecture.md that do not exist."""
    page = workspace / "docs/architecture.md"
    for path in re.findall(r"`([\w.-]+/[\w./-]*)`", page.read_text()):
        if not (workspace / path).exists():
            yield f"docs/architecture.md: {path} does not exist"


def problems(workspace, layers):
    yield from missing_files(workspace)
    for package in packages(workspace):
        directory = Path(package["manifest_path"]).parent
        if directory.name != package["name"]:
            yield f"{directory.name}/ holds the package {package['name']}: give both the same name"
        yield from wrong_dependencies(package, layers)
        yield from missing_metadata(package)
        for root in (directory / "src/lib.rs", directory / "src/main.rs"):
            if root.exists():
                yield from module_cycles(root, workspace)


def self_test():
    """Checks two small crates: their wrong dependency, missing description and cycle must be found,
    but no cycle through re-exports or tests."""
    files = {
        "Cargo.toml": '[workspace]\nresolver = "3"\nmembers = ["lower", "upper"]\n',
        "docs/architecture.md": "`lower/src/a.rs`, `lower/src/gone.rs`\n",
        "lower/Cargo.toml": '[package]\nname = "lower"\nversion = "1.0.0"\nedition = "2024"\nrust-version = "1.85"\nlicense = "MIT"\n'
        'repository = "x"\nkeywords = ["x"]\ncategories = ["os"]\nreadme = "README.md"\n[dependencies]\nupper = { path = "../upper" }\n',
        "lower/src/lib.rs": "mod a;\nmod b;\n",
        "lower/src/a.rs": "use crate::b::B;\npub struct A(B);\n",
        "lower/src/b.rs": "/// use nothing;\npub struct B;\nfn b() { crate::a::A; }\n",
        "upper/Cargo.toml": '[package]\nname = "upper"\nedition = "2024"\n',
        "upper/src/lib.rs": "mod parent;\npub use parent::Child;\n",
        "upper/src/parent/mod.rs": "mod child;\npub use child::Child;\npub struct Parent;\n#[cfg(test)]\nuse child::Child as Tested;\n",
        "upper/src/parent/child.rs": "use super::Parent;\npub struct Child(Parent);\n",
    }
    expected = [
        "docs/architecture.md: lower/src/gone.rs does not exist",
        "lower must not depend on upper",
        "lower/Cargo.toml has no description",
        "lower: modules import each other in a cycle:\n  a -> b  (lower/src/a.rs:1)\n  b -> a  (lower/src/b.rs:3)",
    ]
    with tempfile.TemporaryDirectory() as name:
        workspace = Path(name).resolve()
        for path, text in files.items():
            (workspace / path).parent.mkdir(parents=True, exist_ok=True)
            (workspace / path).write_text(text)
        found = list(problems(workspace, ["lower", "upper"]))
    if found != expected:
        print("the self-test found:", *found, "instead of:", *expected, sep="\n")
    return found != expected


def main():
    if sys.argv[1:] == ["--self-test"]:
        return self_test()
    found = list(problems(Path(__file__).resolve().parent.parent, LAYERS))
    print(*found, sep="\n", end="\n" if found else "")
    return bool(found)


if __name__ == "__main__":
    sys.exit(main())
