//! The names of container images.

/// An image's name with its registry but without its tag and digest. A first segment with a dot, a
/// colon or a capital letter, or `localhost`, is a host, as in the container runtimes.
pub(crate) fn repository(image: &str) -> String {
    let name = image.split('@').next().unwrap_or(image);
    let name = match name.rsplit_once(':') {
        Some((name, tag)) if !tag.contains('/') => name,
        _ => name,
    };
    match name.split_once('/') {
        Some((first, _)) if is_host(first) => name.to_owned(),
        Some(_) => format!("docker.io/{name}"),
        None => format!("docker.io/library/{name}"),
    }
}

fn is_host(segment: &str) -> bool {
    let marks_host = |letter: char| matches!(letter, '.' | ':' | 'A'..='Z');
    segment.contains(marks_host) || segment == "localhost"
}

/// Whether no part of the name is a variable, which may stand for any registry.
pub(crate) fn is_literal(image: &str) -> bool {
    !image.contains(['$', '{', '<', '%'])
}

/// Whether an image is in one of these repositories, or in a registry or directory of them: an
/// entry without `/` is a registry.
pub(crate) fn is_in(repositories: &[String], image: &str) -> bool {
    let name = repository(image);
    repositories.iter().any(|entry| {
        let rest = name.strip_prefix(entry.trim_end_matches('/'));
        rest.is_some_and(|rest| rest.starts_with('/') || rest.is_empty() && entry.contains('/'))
    })
}

/// Whether the name ends in a digest, which says exactly which image is meant.
pub(crate) fn has_digest(image: &str) -> bool {
    image.rsplit_once("@sha256:").is_some_and(|(_, digest)| {
        digest.len() == 64 && digest.bytes().all(|byte| byte.is_ascii_hexdigit())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_image_without_a_registry_is_from_docker_hub() {
        for (image, name) in [
            ("nginx", "docker.io/library/nginx"),
            ("nginx:1.27", "docker.io/library/nginx"),
            ("grafana/grafana:11@sha256:abc", "docker.io/grafana/grafana"),
            (
                "registry.example.com:5000/a/b:1",
                "registry.example.com:5000/a/b",
            ),
            ("localhost/a", "localhost/a"),
            ("localhost:5000/a", "localhost:5000/a"),
            ("ghcr.io/a/b", "ghcr.io/a/b"),
            ("EVIL/x:1", "EVIL/x"),
        ] {
            assert_eq!(repository(image), name);
        }
    }

    #[test]
    fn an_entry_is_a_registry_or_the_beginning_of_a_repository() {
        let entries = ["ghcr.io/acme", "registry.example.com", "docker.io/library"];
        let entries = entries.map(str::to_owned);
        for (image, expected) in [
            ("ghcr.io/acme/web:1", true),
            ("ghcr.io/acme:1", true),
            ("ghcr.io/acme-2/web", false),
            ("ghcr.io/other/web", false),
            ("registry.example.com/a/b@sha256:abc", true),
            ("registry.example.com:5000/a", false),
            ("registry.example.com.evil.org/a", false),
            ("nginx:1.27", true),
            ("bitnami/nginx", false),
        ] {
            assert_eq!(is_in(&entries, image), expected, "{image}");
        }
    }
}
