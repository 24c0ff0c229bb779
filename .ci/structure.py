#!/usr/bin/env python3
"""Fails where the crates of the workspace depend on each other upwards, and where modules of a crate import each other in a circle.

A re-export (`pub use child::Item`) is no import: who uses the name imports the module that defines it. A parent may
therefore declare and re-export its children, which may use what the parent defines, as long as the parent does not use them in turn.
Code for tests is left out.
"""

import json
import re
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

ITEM = re.compile(r"\b(?:struct|enum|union|trait|fn|type|const|static|macro_rules!)\s+(?:mut\s+)?([A-Za-z_]\w*)")
TEST = re.compile(r"#\[cfg\((?:test|any\(test[^)]*\))\)\]")
PATH = re.compile(r"(?<![\w:.])(?:[A-Za-z_]\w*)(?:\s*::\s*(?:<|[A-Za-z_]\w*))+")


def without_comments_and_texts(text):
    """The code, with comments gone and texts emptied, line for line."""
    token = re.compile(
        r'//[^\n]*|/\*.*?\*/|b?r(#*)".*?"\1|b?"(?:\\.|[^"\\])*"|b?\'(?:\\(?:x..|u\{[^}]*\}|.)|[^\'\\])\'', re.S
    )
    return token.sub(lambda match: '""' + "\n" * match.group().count("\n"), text)


def end_of_block(code, start):
    """Where the item that begins at `start` ends: behind its braces or its semicolon."""
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
    """The paths of a `use`, each with the name that it gets."""
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

    def read(self, name, file, folder):
        self.read_code(name, file, folder, without_tests(without_comments_and_texts(file.read_text())))

    def read_code(self, name, file, folder, code, first_line=1):
        module = self.modules[name] = Module(name, file)
        for match in list(re.finditer(r"\bmod\s+(\w+)\s*(;|\{)", code)):
            child = match.group(1)
            if match.group(2) == ";":
                flat, nested = folder / f"{child}.rs", folder / child / "mod.rs"
                self.read((*name, child), flat if flat.exists() else nested, folder / child)
            else:
                end = end_of_block(code, match.start())
                body = code[match.end() : end - 1]
                line = first_line + code[: match.end()].count("\n")
                self.read_code((*name, child), file, folder / child, body, line)
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
        """The module that defines what the path names, or None if that is no module of this crate."""
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


def circles(edges):
    """The shortest circle through each module that is in one, each circle once."""
    found = {}
    for start in edges:
        before, queue = {start: None}, [start]
        while queue:
            here = queue.pop(0)
            if start in edges.get(here, {}):
                circle = []
                while here is not None:
                    circle.insert(0, here)
                    here = before[here]
                found.setdefault(frozenset(circle), circle)
                break
            for target in edges.get(here, {}):
                if target not in before:
                    before[target] = here
                    queue.append(target)
    return list(found.values())


# Each crate depends only on crates above it, tests aside.
LAYERS = [
    "sops-test-support",
    "sops-printable",
    "sops-hardening",
    "sops-go-compat",
    "sops-document",
    "sops-keys",
    "sops-core",
    "sops-keyservice",
    "sops-lint",
    "kustomize-plugin",
    "sops-cli",
]


def packages():
    command = ["cargo", "metadata", "--no-deps", "--format-version", "1"]
    return json.loads(subprocess.run(command, check=True, capture_output=True).stdout)["packages"]


def depends_upwards(package):
    """Whether a dependency of the package is not above it, each said."""
    failed = False
    layer = LAYERS.index(package["name"])
    for dependency in package["dependencies"]:
        name = dependency["name"]
        if name in LAYERS and dependency["kind"] != "dev" and LAYERS.index(name) >= layer:
            failed = True
            print(f"{package['name']} must not depend on {name}")
    return failed


def main():
    failed = False
    for package in packages():
        folder = Path(package["manifest_path"]).parent
        if folder.name != package["name"]:
            failed = True
            print(f"{folder.name}/ holds the package {package['name']}: give both the same name")
        failed |= depends_upwards(package)
        root = folder.relative_to(Path.cwd())
        for file in (Path(root) / "src/lib.rs", Path(root) / "src/main.rs"):
            if not file.exists():
                continue
            crate = Crate(file)
            edges = crate.imports()
            for circle in circles(edges):
                failed = True
                print(f"{root}: modules import each other in a circle:")
                for here, there in zip(circle, circle[1:] + circle[:1]):
                    line = edges[here][there]
                    print(f"  {'::'.join(here) or 'crate'} -> {'::'.join(there) or 'crate'}  ({crate.modules[here].file}:{line})")
    return failed


if __name__ == "__main__":
    sys.exit(main())
