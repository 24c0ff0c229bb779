//! A small HTTP server, which can also misbehave.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};

const CERTIFICATES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../testdata/tls");

/// The authority that signed the certificate of [`HttpServer::start_tls`].
pub fn authority_file() -> PathBuf {
    PathBuf::from(CERTIFICATES).join("ca.pem")
}

/// A request.
#[derive(Clone, Debug)]
pub struct HttpRequest {
    /// The method.
    pub method: String,
    /// The path with the query.
    pub path: String,
    /// The names, in lower case, and values of the headers.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
}

impl HttpRequest {
    /// The value of a header, whose name is in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut headers = self.headers.iter();
        let header = headers.find(|(header, _)| header == name);
        header.map(|(_, value)| &**value)
    }

    /// The body as JSON; null if it is not JSON.
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }
}

/// What the server does with a request.
#[derive(Clone, Debug)]
pub enum HttpReply {
    /// It answers with a status, headers and a body.
    Answer(u16, Vec<(&'static str, String)>, Vec<u8>),
    /// It sends these bytes and closes the connection.
    Bytes(Vec<u8>),
    /// It sends these bytes, one every 10 milliseconds.
    Drip(Vec<u8>),
    /// It keeps the connection open and sends nothing.
    Silence,
}

impl HttpReply {
    /// An answer in JSON.
    pub fn json(status: u16, body: &serde_json::Value) -> Self {
        let kind = ("content-type", "application/json".to_owned());
        Self::Answer(status, vec![kind], body.to_string().into_bytes())
    }

    /// The same answer with another header.
    pub fn with_header(self, name: &'static str, value: impl Into<String>) -> Self {
        match self {
            Self::Answer(status, mut headers, body) => {
                headers.push((name, value.into()));
                Self::Answer(status, headers, body)
            }
            other => other,
        }
    }
}

type Handler = dyn Fn(&HttpRequest) -> HttpReply + Send + Sync;

/// A server that runs until the test process exits.
pub struct HttpServer {
    address: SocketAddr,
    is_tls: bool,
    requests: Arc<Mutex<Vec<HttpRequest>>>,
    connections: Arc<AtomicUsize>,
}

impl HttpServer {
    /// Starts a server that answers each request with `answer`.
    pub fn start(answer: impl Fn(&HttpRequest) -> HttpReply + Send + Sync + 'static) -> Self {
        Self::begin(None, Arc::new(answer))
    }

    /// Like [`Self::start`], with TLS. Its certificate is for `localhost`, `v.localhost`,
    /// `vault.example.com` and `127.0.0.1`.
    pub fn start_tls(answer: impl Fn(&HttpRequest) -> HttpReply + Send + Sync + 'static) -> Self {
        Self::begin(Some(Arc::new(tls())), Arc::new(answer))
    }

    fn begin(tls: Option<Arc<ServerConfig>>, answer: Arc<Handler>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
        let server = Self {
            address: listener.local_addr().expect("the listener has an address"),
            is_tls: tls.is_some(),
            requests: Arc::default(),
            connections: Arc::default(),
        };
        let connections = Arc::clone(&server.connections);
        let requests = Arc::clone(&server.requests);
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                connections.fetch_add(1, Ordering::Relaxed);
                let connection = Connection {
                    answer: Arc::clone(&answer),
                    requests: Arc::clone(&requests),
                };
                let tls = tls.clone();
                thread::spawn(move || match tls {
                    None => connection.serve(stream),
                    Some(tls) => {
                        let session = ServerConnection::new(tls).expect("the settings are valid");
                        connection.serve(StreamOwned::new(session, stream));
                    }
                });
            }
        });
        server
    }

    /// The host and port.
    pub fn host(&self) -> String {
        self.address.to_string()
    }

    /// The URL without a path.
    pub fn url(&self) -> String {
        let scheme = if self.is_tls { "https" } else { "http" };
        format!("{scheme}://{}", self.address)
    }

    /// How many connections there were so far.
    pub fn connections(&self) -> usize {
        self.connections.load(Ordering::Relaxed)
    }

    /// The requests so far.
    pub fn requests(&self) -> Vec<HttpRequest> {
        let requests = self.requests.lock();
        requests.unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// A connection of a client.
struct Connection {
    answer: Arc<Handler>,
    requests: Arc<Mutex<Vec<HttpRequest>>>,
}

impl Connection {
    /// Answers requests until the client closes the connection. Errors end it, too.
    fn serve(&self, stream: impl Read + Write) {
        let mut stream = BufReader::new(stream);
        while let Some(request) = read(&mut stream) {
            let mut requests = self.requests.lock().unwrap_or_else(PoisonError::into_inner);
            requests.push(request.clone());
            drop(requests);
            let is_over = write(stream.get_mut(), &(self.answer)(&request));
            if is_over {
                return;
            }
        }
    }
}

/// Reads a request; `None` at the end of the connection.
fn read(stream: &mut impl BufRead) -> Option<HttpRequest> {
    let mut line = || {
        let mut line = String::new();
        stream.read_line(&mut line).ok().filter(|read| *read > 0)?;
        Some(line.trim_end().to_owned())
    };
    let first = line()?;
    let mut words = first.split(' ');
    let (method, path) = (words.next()?.to_owned(), words.next()?.to_owned());
    let mut headers = Vec::new();
    while let Some((name, value)) = line()?.split_once(':') {
        headers.push((name.to_lowercase(), value.trim().to_owned()));
    }
    let mut request = HttpRequest {
        method,
        path,
        headers,
        body: Vec::new(),
    };
    if request.header("transfer-encoding") == Some("chunked") {
        request.body = chunks(stream)?;
        return Some(request);
    }
    let length = request.header("content-length").map_or(Ok(0), str::parse);
    request.body = vec![0; length.ok()?];
    stream.read_exact(&mut request.body).ok()?;
    Some(request)
}

/// Reads a body in chunks, without trailers.
fn chunks(stream: &mut impl BufRead) -> Option<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let mut line = String::new();
        stream.read_line(&mut line).ok()?;
        let length = usize::from_str_radix(line.trim_end(), 16).ok()?;
        let mut chunk = vec![0; length + 2];
        stream.read_exact(&mut chunk).ok()?;
        body.extend(&chunk[..length]);
        if length == 0 {
            return Some(body);
        }
    }
}

/// Writes the reply. Returns whether the connection is over.
fn write(stream: &mut impl Write, reply: &HttpReply) -> bool {
    match reply {
        HttpReply::Answer(status, headers, body) => {
            let mut text = format!("HTTP/1.1 {status} X\r\ncontent-length: {}\r\n", body.len());
            for (name, value) in headers {
                text.push_str(&format!("{name}: {value}\r\n"));
            }
            let mut bytes = format!("{text}\r\n").into_bytes();
            bytes.extend(body);
            stream
                .write_all(&bytes)
                .and_then(|()| stream.flush())
                .is_err()
        }
        HttpReply::Bytes(bytes) => {
            // The client may have already closed the connection.
            let _ = stream.write_all(bytes).and_then(|()| stream.flush());
            true
        }
        HttpReply::Drip(bytes) => {
            for byte in bytes {
                let written = stream.write_all(&[*byte]).and_then(|()| stream.flush());
                if written.is_err() {
                    break;
                }
                thread::sleep(Duration::from_millis(10));
            }
            true
        }
        // The thread ends with the process.
        HttpReply::Silence => loop {
            thread::park();
        },
    }
}

fn tls() -> ServerConfig {
    let directory = PathBuf::from(CERTIFICATES);
    let chain = CertificateDer::pem_file_iter(directory.join("server.pem"))
        .and_then(Iterator::collect)
        .expect("the certificate is in the test data");
    let key = PrivateKeyDer::from_pem_file(directory.join("server.key"))
        .expect("the key is in the test data");
    ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .and_then(|builder| builder.with_no_client_auth().with_single_cert(chain, key))
        .expect("the certificate belongs to the key")
}

/// A port that accepts connections and never answers, for a client that hangs during the handshake.
pub fn silent_port() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
    let address = listener.local_addr().expect("the listener has an address");
    thread::spawn(move || {
        let connections: Vec<TcpStream> = listener.incoming().map_while(Result::ok).collect();
        drop(connections);
    });
    address
}
