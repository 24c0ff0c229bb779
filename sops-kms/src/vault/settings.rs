//! The variables of the command-line tool of Vault, and its token file.

use std::fs;
use std::io::ErrorKind;
use std::path::PathBuf;

use http::{HeaderMap, HeaderName, HeaderValue};
use sops_keys::Environment;
use sops_printable::system_reason;

use super::allow_list::{self, AllowList};
use super::origin::Origin;
use crate::provider::Outcome;
use crate::secret_text::SecretText;
use crate::transport::{Limits, Proxies, TlsSettings, read_of};
use crate::variables::{duration, is_on, number, text};

/// The file in the home directory where `vault login` puts the token.
const TOKEN_FILE: &str = ".vault-token";

/// The settings for all servers.
pub(super) struct Settings {
    pub(super) token: Option<Token>,
    pub(super) namespace: Option<HeaderValue>,
    /// The agent that gets all requests (`VAULT_AGENT_ADDR`).
    pub(super) agent: Option<Origin>,
    /// The user's server (`VAULT_ADDR`); `None` if it is not set or not the address of a server.
    pub(super) own: Option<Origin>,
    pub(super) allow_list: AllowList,
    pub(super) headers: HeaderMap,
    pub(super) follows_redirects: bool,
    pub(super) limits: Limits,
    pub(super) tls: TlsSettings,
    pub(super) proxies: Proxies,
}

/// A token, and where it comes from.
pub(super) struct Token {
    pub(super) value: SecretText,
    pub(super) header: HeaderValue,
    pub(super) source: &'static str,
}

impl Settings {
    /// Reads the variables and the token file.
    ///
    /// # Errors
    ///
    /// The message names the variable or the file that is invalid.
    pub(super) fn new(environment: &Environment) -> Outcome<Self> {
        let var = |name| text(environment, name);
        if is_on(environment, "VAULT_SRV_LOOKUP")? {
            return Err("VAULT_SRV_LOOKUP: sops-rs does not look up SRV records; unset it, and use the address of the server itself".to_owned());
        }
        let namespace = match var("VAULT_NAMESPACE")? {
            Some(namespace) => Some(
                HeaderValue::from_str(&namespace)
                    .map_err(|_| "VAULT_NAMESPACE is not a valid namespace".to_owned())?,
            ),
            None => None,
        };
        let agent = match var("VAULT_AGENT_ADDR")? {
            Some(address) => Some(
                Origin::new(&address)
                    .ok_or("VAULT_AGENT_ADDR is not an address such as `http://127.0.0.1:8100`")?,
            ),
            None => None,
        };
        let mut limits = Limits::default();
        if let Some(limit) = duration(environment, "VAULT_CLIENT_TIMEOUT")? {
            limits.answer = limit;
        }
        if let Some(retries) = number(environment, "VAULT_MAX_RETRIES")? {
            limits.retries = retries;
        }
        // The newer name has precedence, as in the client library.
        let proxy = match var("VAULT_PROXY_ADDR")? {
            Some(proxy) => Some(proxy),
            None => var("VAULT_HTTP_PROXY")?,
        };
        Ok(Self {
            token: token(environment)?,
            namespace,
            agent,
            own: var("VAULT_ADDR")?.and_then(|address| Origin::new(&address)),
            allow_list: AllowList::new(var(allow_list::VARIABLE)?.as_deref())?,
            headers: headers(var("VAULT_HEADERS")?.as_deref())?,
            follows_redirects: !is_on(environment, "VAULT_DISABLE_REDIRECTS")?,
            limits,
            tls: tls(environment)?,
            proxies: match proxy {
                Some(proxy) => Proxies::single(proxy),
                None => Proxies::from_environment(environment),
            },
        })
    }
}

/// `VAULT_TOKEN`, or else the token file.
fn token(environment: &Environment) -> Outcome<Option<Token>> {
    if let Some(token) = text(environment, "VAULT_TOKEN")? {
        return Token::new(token.into(), "VAULT_TOKEN").map(Some);
    }
    let Ok(home) = environment.home() else {
        return Ok(None);
    };
    let token = match fs::read_to_string(home.join(TOKEN_FILE)) {
        Ok(text) => SecretText::from(text.trim().to_owned()),
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(format!("~/{TOKEN_FILE}: {}", system_reason(&error))),
    };
    match &*token {
        "" => Ok(None),
        _ => Token::new(token, "~/.vault-token").map(Some),
    }
}

impl Token {
    fn new(value: SecretText, source: &'static str) -> Outcome<Self> {
        let mut header = HeaderValue::from_str(&value)
            .map_err(|_| format!("{source} contains characters that are not allowed in a token"))?;
        header.set_sensitive(true);
        Ok(Self {
            value,
            header,
            source,
        })
    }
}

/// The additional headers of all requests, a JSON object.
fn headers(json: Option<&str>) -> Outcome<HeaderMap> {
    let mut headers = HeaderMap::new();
    let Some(json) = json else {
        return Ok(headers);
    };
    let invalid =
        || "VAULT_HEADERS is not a JSON object that maps valid header names to strings".to_owned();
    let fields: std::collections::BTreeMap<String, String> =
        serde_json::from_str(json).map_err(|_| invalid())?;
    for (name, value) in fields {
        let name: HeaderName = name.parse().map_err(|_| invalid())?;
        if name.as_str().starts_with("x-vault-") {
            return Err("VAULT_HEADERS contains a header whose name begins with `X-Vault-`, which only Vault's clients set".to_owned());
        }
        let mut value = HeaderValue::from_str(&value).map_err(|_| invalid())?;
        value.set_sensitive(true);
        headers.append(name, value);
    }
    Ok(headers)
}

/// The certificates. If there are several sources of authorities, the first one is used, as in the
/// client library.
fn tls(environment: &Environment) -> Outcome<TlsSettings> {
    let path = |name: &str| environment.var(name).map(PathBuf::from);
    let from_file = |name, path: PathBuf| Ok((path.display().to_string(), read_of(name, &path)?));
    let authorities = if let Some(file) = path("VAULT_CACERT") {
        vec![from_file("VAULT_CACERT", file)?]
    } else if let Some(pem) = text(environment, "VAULT_CACERT_BYTES")? {
        vec![("VAULT_CACERT_BYTES".to_owned(), pem.into_bytes())]
    } else if let Some(directory) = path("VAULT_CAPATH") {
        let entries = fs::read_dir(&directory).map_err(|error| {
            format!(
                "VAULT_CAPATH: {}: {}",
                directory.display(),
                system_reason(&error)
            )
        })?;
        let files = entries.filter_map(|entry| Some(entry.ok()?.path()).filter(|p| p.is_file()));
        let mut files: Vec<PathBuf> = files.collect();
        files.sort();
        files
            .into_iter()
            .map(|file| from_file("VAULT_CAPATH", file))
            .collect::<Outcome<_>>()?
    } else {
        Vec::new()
    };
    let client = match (path("VAULT_CLIENT_CERT"), path("VAULT_CLIENT_KEY")) {
        (Some(certificate), Some(key)) => Some((certificate, key)),
        (None, None) => None,
        _ => {
            return Err(
                "VAULT_CLIENT_CERT and VAULT_CLIENT_KEY: only one of them is set".to_owned(),
            );
        }
    };
    Ok(TlsSettings {
        authorities,
        client,
        server_name: text(environment, "VAULT_TLS_SERVER_NAME")?,
        is_unverified: is_on(environment, "VAULT_SKIP_VERIFY")?,
    })
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn settings(variables: &[(&str, &str)]) -> Outcome<Settings> {
        Settings::new(&Environment::new(variables.iter().copied()))
    }

    #[test]
    fn the_variable_has_precedence_over_the_token_file() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().to_str().unwrap();
        assert!(settings(&[("HOME", path)]).unwrap().token.is_none());
        fs::write(home.path().join(TOKEN_FILE), "hvs.file\n").unwrap();
        for (variables, source, value) in [
            (vec![("HOME", path)], "~/.vault-token", "hvs.file"),
            (
                vec![("HOME", path), ("VAULT_TOKEN", "hvs.var")],
                "VAULT_TOKEN",
                "hvs.var",
            ),
        ] {
            let token = settings(&variables).unwrap().token.unwrap();
            assert_eq!((token.source, &*token.value), (source, value));
            assert!(!format!("{:?}", token.header).contains("hvs"));
        }
        fs::write(home.path().join(TOKEN_FILE), " \n").unwrap();
        assert!(settings(&[("HOME", path)]).unwrap().token.is_none());
    }

    #[test]
    fn an_invalid_variable_is_named_without_its_value() {
        for (name, value) in [
            ("VAULT_TOKEN", "hunter2\u{1b}\n"),
            ("VAULT_NAMESPACE", "hunter2\n"),
            ("VAULT_AGENT_ADDR", "https://ann:hunter2@a"),
            ("VAULT_AGENT_ADDR", "unix:///hunter2"),
            ("VAULT_HEADERS", "{\"a\": 2, \"hunter2\": 3}"),
            ("VAULT_HEADERS", "{\"X-Vault-Token\": \"hunter2\"}"),
            ("VAULT_SKIP_VERIFY", "hunter2"),
            ("VAULT_CLIENT_TIMEOUT", "hunter2"),
            ("VAULT_MAX_RETRIES", "hunter2"),
            ("VAULT_CLIENT_CERT", "hunter2.pem"),
            ("VAULT_SRV_LOOKUP", "true"),
            ("SOPS_HC_VAULT_ALLOWLIST", "hunter2,"),
        ] {
            let message = settings(&[(name, value)]).err().unwrap();
            assert!(message.starts_with(name), "{message}");
            assert!(!message.contains("hunter2"), "{message}");
        }
    }

    #[test]
    fn the_first_source_of_authorities_counts() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("ca.pem");
        fs::write(&file, "pem").unwrap();
        let [file, path] = [&*file, directory.path()].map(|path| path.to_str().unwrap());
        let bytes = ("VAULT_CACERT_BYTES", "bytes");
        for (variables, source) in [
            (vec![("VAULT_CACERT", file), bytes], file),
            (vec![("VAULT_CAPATH", path), bytes], "VAULT_CACERT_BYTES"),
            (vec![("VAULT_CAPATH", path)], file),
        ] {
            let authorities = settings(&variables).unwrap().tls.authorities;
            assert_eq!(authorities.len(), 1);
            assert_eq!(authorities[0].0, source);
        }
        let message = settings(&[("VAULT_CACERT", "/nowhere/ca.pem")]).err();
        let expected = "VAULT_CACERT: /nowhere/ca.pem: No such file or directory";
        assert_eq!(message.unwrap(), expected);
    }
}
