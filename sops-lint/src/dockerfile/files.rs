//! Files that hold secrets, by their names.

/// Whole names, in lower case.
const NAMES: &[&str] = &[
    "id_rsa",
    "id_ed25519",
    "id_ecdsa",
    "id_dsa",
    "id_ed25519_sk",
    "id_ecdsa_sk",
    "keys.txt",
    "key.pem",
    "privkey.pem",
    "private.pem",
    "kubeconfig",
    "admin.conf",
    "auth.json",
    "key.json",
    "application_default_credentials.json",
    "terraform.tfstate",
    "terraform.tfvars",
    "credentials.toml",
    "cookies.txt",
];

/// The ends of names, in lower case.
const ENDS: &[&str] = &[
    ".agekey",
    ".p12",
    ".pfx",
    ".jks",
    ".keystore",
    ".kdbx",
    ".ppk",
    ".key",
    "-key.pem",
    "_key.pem",
    "id_rsa.pem",
    ".npmrc",
    ".netrc",
    ".pypirc",
    ".pgpass",
    ".git-credentials",
    ".dockercfg",
    ".dockerconfigjson",
    ".docker/config.json",
    ".kube/config",
    ".kubeconfig",
    ".aws/credentials",
    ".htpasswd",
    ".ssh",
    ".aws",
    ".gnupg",
    ".docker",
    ".azure",
    ".config/gcloud",
    ".env",
    ".vault-token",
    ".vault_pass",
    ".my.cnf",
    ".s3cfg",
    ".boto",
    ".terraformrc",
    ".envrc",
    "-key.json",
    "_key.json",
    ".ovpn",
];

/// Beginnings of names that count if the name also ends like a data file.
const STEMS: &[&str] = &[
    "secret",
    "secrets",
    "credential",
    "credentials",
    "password",
    "passwords",
    "passwd",
    "token",
    "tokens",
    "apikey",
    "api_key",
    "api-key",
    "service-account",
    "service_account",
    "serviceaccount",
    "sa-key",
    "client_secret",
    "client-secret",
    "vault-password",
    "kubeconfig",
];

const DATA: &[&str] = &[
    "txt",
    "json",
    "yaml",
    "yml",
    "env",
    "properties",
    "toml",
    "ini",
    "conf",
    "xml",
    "csv",
    "cfg",
];

/// Parts of names that mark a file as an example, public, or encrypted.
const HARMLESS: &[&str] = &[
    "example",
    "sample",
    "template",
    "tmpl",
    "tpl",
    "dist",
    "default",
    "defaults",
    "schema",
    "pub",
    "public",
    "enc",
    "encrypted",
    "sops",
    "sealed",
];

/// Extensions that mark a file as harmless: public, encrypted, a template or a program.
const HARMLESS_ENDS: &[&str] = &[
    "crt", "cer", "cert", "age", "gpg", "asc", "vault", "j2", "md", "go", "py", "js", "ts", "rb",
    "rs", "java", "sh",
];

/// Whether a source of `COPY` holds secrets, by its name and where it goes.
pub(crate) fn holds_secrets(source: &str, target: &str) -> bool {
    // Files at an address are already published, and so are the keys that sign packages.
    let is_of_packages = ["/etc/apt", "keyring", "trusted.gpg", "rpm-gpg"];
    if source.contains("://")
        || is_of_packages
            .iter()
            .any(|directory| target.contains(directory))
    {
        return false;
    }
    let path = source.trim_end_matches('/').to_ascii_lowercase();
    let name = path.rsplit('/').next().unwrap_or(&path);
    let parts: Vec<_> = name
        .split(['.', '-', '_'])
        .filter(|part| !part.is_empty())
        .collect();
    let is_environment = name.starts_with(".env.") || name.starts_with(".env*");
    let is_harmless_end = parts
        .last()
        .is_some_and(|last| HARMLESS_ENDS.contains(last));
    if is_harmless_end || parts.iter().any(|part| HARMLESS.contains(part)) {
        return false;
    }
    let (stem, extension) = name.rsplit_once('.').unwrap_or((name, ""));
    let is_stem = STEMS.iter().any(|known| {
        let before = stem.strip_suffix(known);
        let begins = stem
            .strip_prefix(known)
            .is_some_and(|rest| rest.starts_with(['-', '.', '_']));
        before.is_some_and(|before| before.is_empty() || before.ends_with(['-', '.', '_']))
            || begins
    });
    NAMES.contains(&name)
        || ENDS.iter().any(|end| path.ends_with(end))
        || is_environment
        || name.contains("firebase-adminsdk")
        || is_stem && DATA.contains(&extension)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_judged_by_their_names() {
        for source in [
            "secret.txt",
            "credentials.json",
            "sa-key.json",
            "./.env",
            ".env.production",
            "prod.env",
            "ssh/id_rsa",
            "tls/server.key",
            "server-key.pem",
            "privkey.pem",
            ".npmrc",
            "home/.netrc",
            ".pgpass",
            "kubeconfig",
            "kubeconfig.yaml",
            ".kube/config",
            ".aws/credentials",
            ".ssh/",
            "config/secrets.yaml",
            "db-password.txt",
            "gcp-service-account.json",
            "service-account-prod.json",
            "client_secret_1.json",
            "*.key",
            "Secrets.JSON",
            "keys.txt",
            ".docker/config.json",
            "vpn.ovpn",
            "a.p12",
            "github-token.txt",
            "cert.key",
            ".vault-token",
            "age/keys.txt",
            ".env*",
            "shop-firebase-adminsdk-1.json",
        ] {
            assert!(holds_secrets(source, "/app/"), "{source}");
        }
        for source in [
            ".env.example",
            ".env.sample",
            ".env.template",
            "id_ed25519.pub",
            "ca.crt",
            "cert.pem",
            "chain.pem",
            "ca.pem",
            "public.key",
            "public-key.pem",
            "secrets.enc.yaml",
            "secrets.sops.yaml",
            "credentials.go",
            "token.ts",
            "password.md",
            "tokenizer.json",
            "package.json",
            "config.json",
            "environment.yaml",
            "keyboard.json",
            "src/secret",
            "https://example.com/release.key",
            "monkey.json",
            "passwords.example.txt",
        ] {
            assert!(!holds_secrets(source, "/app/"), "{source}");
        }
        assert!(!holds_secrets("release.key", "/etc/apt/keyrings/"));
    }
}
