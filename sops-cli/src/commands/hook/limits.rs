//! Settings of hook managers that restrict the check, so that some commits or pushes pass without
//! it.

use sops_core::Document;
use sops_core::document::{NodeRef, Shape};

use super::hook_name::HookName;

/// Keys of a pre-commit hook that choose files. Without a file that they choose, the hook does not
/// run.
const PRE_COMMIT_FILES: [&str; 5] = ["files", "exclude", "types", "types_or", "exclude_types"];

/// Keys of a command or job of lefthook that choose when and for which files it runs.
const LEFTHOOK_LIMITS: [&str; 7] = [
    "skip",
    "only",
    "glob",
    "exclude",
    "files",
    "file_types",
    "root",
];

/// The keys of the pre-commit framework that limit the check. Empty if it always runs, or if the
/// configuration is not understood.
pub(super) fn of_pre_commit(text: &str, hook: HookName) -> Vec<String> {
    let Ok(document) = Document::parse_leniently(text) else {
        return Vec::new();
    };
    let Some(top) = document.tops().flatten().next() else {
        return Vec::new();
    };
    let repositories = top.get("repos").into_iter().flat_map(NodeRef::items);
    let entries = repositories
        .filter_map(|repository| repository.get("hooks"))
        .flat_map(NodeRef::items);
    let is_check = |entry: &NodeRef<'_, '_>| {
        let is = |key, is: &dyn Fn(&str) -> bool| {
            entry.get(key).and_then(NodeRef::as_str).is_some_and(is)
        };
        is("id", &|id| id == "sops-rs") || is("entry", &|run| HookName::Commit.is_run_in(run))
    };
    least(entries.filter(is_check).map(|entry| {
        // The hook's definition in the repository of sops-rs applies unless the entry overrides it.
        let is_own = entry.get("entry").is_some();
        let always_run = entry.get("always_run").and_then(NodeRef::scalar_text);
        let is_always_run = always_run.map_or(!is_own, |value| value == "True");
        let mut limits = Vec::new();
        if !is_always_run {
            let own = PRE_COMMIT_FILES.into_iter();
            let own = own.filter(|key| entry.get(key).is_some_and(is_set));
            limits.extend(own.map(str::to_owned));
            let of_all = ["files", "exclude"].into_iter();
            let of_all = of_all.filter(|key| top.get(key).is_some_and(is_set));
            limits.extend(of_all.map(|key| format!("{key} of all hooks")));
        }
        let default = top.get("default_stages").filter(|_| is_own);
        let key = ["stages", "default_stages"];
        for (key, stages) in key.into_iter().zip([entry.get("stages"), default]) {
            let Some(stages) = stages else { continue };
            let mut items = stages.items().filter_map(NodeRef::as_str);
            if !items.any(|stage| {
                hook.file() == stage || hook.file().strip_prefix("pre-") == Some(stage)
            }) {
                limits.push(key.to_owned());
            }
            break;
        }
        limits
    }))
}

/// The keys of lefthook that limit the check. `local` is the configuration of this clone, which
/// takes precedence.
pub(super) fn of_lefthook(text: &str, local: Option<&str>, hook: HookName) -> Vec<String> {
    let Ok(document) = Document::parse_leniently(text) else {
        return Vec::new();
    };
    let local = local.and_then(|local| Document::parse_leniently(local).ok());
    fn section<'d, 'a>(document: &'d Document<'a>, hook: HookName) -> Option<NodeRef<'d, 'a>> {
        document.tops().flatten().next()?.get(hook.file())
    }
    let Some(own) = section(&document, hook) else {
        return Vec::new();
    };
    let local = local.as_ref().and_then(|local| section(local, hook));
    let mut of_hook = limits_of(own, &["skip", "only"]);
    of_hook.extend(
        local
            .into_iter()
            .flat_map(|local| limits_of(local, &["skip", "only"])),
    );
    let excluded: Vec<&str> = [Some(own), local]
        .into_iter()
        .flatten()
        .filter_map(|section| section.get("exclude_tags"))
        .flat_map(texts)
        .collect();
    // Each entry with its name and the keys that restrict the sections around it.
    let mut open: Vec<(NodeRef<'_, '_>, Vec<String>, Option<&str>)> = vec![(own, of_hook, None)];
    let mut limits_of_entries = Vec::new();
    while let Some((node, outer, name)) = open.pop() {
        let run = node.get("run").and_then(NodeRef::as_str);
        let mut limits = outer;
        if node.span() != own.span() {
            limits.extend(limits_of(node, &LEFTHOOK_LIMITS));
            let is_excluded = |tag: &str| excluded.contains(&tag);
            if node
                .get("tags")
                .into_iter()
                .flat_map(texts)
                .any(is_excluded)
            {
                limits.push("exclude_tags".to_owned());
            }
        }
        if run.is_some_and(|run| hook.is_run_in(run)) {
            let same = |local: NodeRef<'_, '_>| {
                let of_name = local.get("commands")?.get(name?)?;
                let mut limits = limits_of(of_name, &LEFTHOOK_LIMITS);
                let run = of_name.get("run").and_then(NodeRef::as_str);
                limits.extend(
                    run.filter(|run| !hook.is_run_in(run))
                        .map(|_| "run".to_owned()),
                );
                Some(limits)
            };
            limits.extend(local.and_then(same).unwrap_or_default());
            limits_of_entries.push(limits);
            continue;
        }
        let commands = node.get("commands").into_iter().flat_map(NodeRef::entries);
        let commands = commands.map(|(name, command)| (command, Some(name)));
        let group = node.get("group");
        let jobs = [Some(node), group].into_iter().flatten();
        let jobs = jobs
            .filter_map(|node| node.get("jobs"))
            .flat_map(NodeRef::items);
        let below = commands.chain(jobs.map(|job| (job, None)));
        open.extend(below.map(|(node, name)| (node, limits.clone(), name)));
    }
    least(limits_of_entries.into_iter())
}

/// The limits of the entry that has the fewest, because one unrestricted entry is enough.
fn least(limits: impl Iterator<Item = Vec<String>>) -> Vec<String> {
    limits.min_by_key(Vec::len).unwrap_or_default()
}

fn limits_of(node: NodeRef<'_, '_>, keys: &[&str]) -> Vec<String> {
    let set = keys.iter().filter(|key| node.get(key).is_some_and(is_set));
    set.map(|key| (*key).to_owned()).collect()
}

/// Whether a setting has an effect: it is neither empty nor `false`.
fn is_set(node: NodeRef<'_, '_>) -> bool {
    match node.shape() {
        Shape::Scalar => {
            let text = node.scalar_text().unwrap_or_default();
            node.value().is_some() && !["", "False", "^$"].contains(&text)
        }
        _ => node.items().next().is_some() || node.entries().next().is_some(),
    }
}

/// The items of a list, or the words of a string.
fn texts<'d>(node: NodeRef<'d, '_>) -> impl Iterator<Item = &'d str> {
    let own = node.as_str().into_iter().flat_map(str::split_whitespace);
    own.chain(node.items().filter_map(NodeRef::as_str))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_of_pre_commit_limit_the_check() {
        let of = |more: &str, hook| {
            let entry = format!("entry: sops-rs hook run, {more}");
            let text = format!("repos: [{{repo: local, hooks: [{{id: a, {entry}}}]}}]\n");
            of_pre_commit(&text, hook)
        };
        let commit = HookName::Commit;
        for (more, limits) in [
            ("pass_filenames: false", &[][..]),
            ("files: ^a/", &["files"]),
            ("types: [python]", &["types"]),
            (
                "types_or: [yaml, json], exclude: ^b/",
                &["exclude", "types_or"],
            ),
            ("files: ^a/, always_run: true", &[]),
            ("files: '', exclude: ^$", &[]),
            ("stages: [manual], always_run: true", &["stages"]),
            ("stages: [pre-commit, manual]", &[]),
            ("stages: [commit]", &[]),
        ] {
            assert_eq!(of(more, commit), limits, "{more}");
        }
        assert_eq!(of("stages: [pre-commit]", HookName::Push), ["stages"]);
        for (text, limits) in [
            (
                "repos: [{repo: x, hooks: [{id: sops-rs, files: ^a/}]}]\n",
                &[][..],
            ),
            (
                "repos: [{repo: x, hooks: [{id: sops-rs, always_run: false, files: ^a/}]}]\n",
                &["files"],
            ),
            (
                "repos: [{repo: x, hooks: [{id: sops-rs, stages: [manual]}, {id: sops-rs}]}]\n",
                &[],
            ),
            (
                "exclude: ^vendor/\nrepos: [{repo: x, hooks: [{id: sops-rs}]}]\n",
                &[],
            ),
            (
                "exclude: ^vendor/\nrepos: [{repo: local, hooks: [{id: a, entry: sops-rs hook run}]}]\n",
                &["exclude of all hooks"],
            ),
            (
                "default_stages: [pre-push]\nrepos: [{repo: local, hooks: [{id: a, entry: sops-rs hook run}]}]\n",
                &["default_stages"],
            ),
            ("repos: [", &[]),
        ] {
            assert_eq!(of_pre_commit(text, commit), limits, "{text}");
        }
    }

    #[test]
    fn keys_of_lefthook_limit_the_check() {
        let of = |text: &str, local| of_lefthook(text, local, HookName::Commit);
        for (text, limits) in [
            (
                "pre-commit: {commands: {s: {run: sops-rs hook run}}}\n",
                &[][..],
            ),
            (
                "pre-commit: {commands: {s: {run: sops-rs hook run, glob: '*.rs'}}}\n",
                &["glob"],
            ),
            (
                "pre-commit: {commands: {s: {run: sops-rs hook run, skip: [merge]}}}\n",
                &["skip"],
            ),
            (
                "pre-commit: {commands: {s: {run: sops-rs hook run, skip: false}}}\n",
                &[],
            ),
            (
                "pre-commit: {skip: true, commands: {s: {run: sops-rs hook run}}}\n",
                &["skip"],
            ),
            (
                "pre-commit: {exclude_tags: [sec], commands: {s: {run: sops-rs hook run, tags: [sec]}}}\n",
                &["exclude_tags"],
            ),
            (
                "pre-commit: {exclude_tags: [front], commands: {s: {run: sops-rs hook run, tags: sec}}}\n",
                &[],
            ),
            ("pre-commit: {jobs: [{run: sops-rs hook run}]}\n", &[]),
            (
                "pre-commit: {jobs: [{glob: '*.rs', group: {jobs: [{run: sops-rs hook run}]}}]}\n",
                &["glob"],
            ),
            (
                "pre-push: {skip: true}\npre-commit: {jobs: [{run: sops-rs hook run}, {run: make, glob: a}]}\n",
                &[],
            ),
            ("pre-commit: [", &[]),
        ] {
            assert_eq!(of(text, None), limits, "{text}");
        }
        let text = "pre-commit: {commands: {s: {run: sops-rs hook run}}}\n";
        for (local, limits) in [
            ("pre-commit: {skip: true}\n", &["skip"][..]),
            ("pre-commit: {commands: {s: {skip: true}}}\n", &["skip"]),
            ("pre-commit: {commands: {s: {run: 'true'}}}\n", &["run"]),
            ("pre-commit: {commands: {t: {skip: true}}}\n", &[]),
            ("pre-push: {skip: true}\n", &[]),
        ] {
            assert_eq!(of(text, Some(local)), limits, "{local}");
        }
    }
}
