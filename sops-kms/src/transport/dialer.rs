//! Opens connections, through a proxy if there is one, within a time limit.

use std::error::Error;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use http::Uri;
use http::uri::{Authority, Parts, Scheme};
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::client::legacy::connect::proxy::{SocksV5, Tunnel};
use hyper_util::client::proxy::matcher::Intercept;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tower_service::Service;

use super::error::ConnectTimeout;
use super::proxies::Proxies;

type BoxError = Box<dyn Error + Send + Sync>;

type BoxFuture<T> = Pin<Box<dyn Future<Output = Result<T, BoxError>> + Send>>;

/// Opens TCP connections to the host of a URL, or to its proxy.
#[derive(Clone, Debug)]
pub(super) struct Dialer {
    tcp: HttpConnector,
    proxies: Proxies,
}

impl Dialer {
    pub(super) fn new(proxies: Proxies) -> Self {
        let mut tcp = HttpConnector::new();
        tcp.enforce_http(false);
        tcp.set_nodelay(true);
        Self { tcp, proxies }
    }
}

impl Service<Uri> for Dialer {
    type Response = TokioIo<TcpStream>;
    type Error = BoxError;
    type Future = BoxFuture<Self::Response>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        let Some(proxy) = self.proxies.of(&uri) else {
            let connection = self.tcp.call(uri);
            return Box::pin(async { Ok(connection.await?) });
        };
        through(&proxy, with_port(uri), self.tcp.clone())
    }
}

/// A connection to the host of the URL through the proxy.
fn through(proxy: &Intercept, uri: Uri, tcp: HttpConnector) -> BoxFuture<TokioIo<TcpStream>> {
    let address = proxy.uri().clone();
    match address.scheme_str() {
        Some("socks5" | "socks5h") => {
            let mut socks = SocksV5::new(address, tcp);
            if let Some((user, password)) = proxy.raw_auth() {
                socks = socks.with_auth(user.to_owned(), password.to_owned());
            }
            let connection = socks.call(uri);
            Box::pin(async { connection.await.map_err(|error| about_proxy(&error)) })
        }
        Some("http") => {
            let mut tunnel = Tunnel::new(address, tcp);
            if let Some(auth) = proxy.basic_auth() {
                tunnel = tunnel.with_auth(auth.clone());
            }
            let connection = tunnel.call(uri);
            Box::pin(async { connection.await.map_err(|error| about_proxy(&error)) })
        }
        _ => {
            let words = "the address of the proxy must begin with `http://` or `socks5://`";
            Box::pin(async move { Err(io::Error::other(words).into()) })
        }
    }
}

/// The error of a proxy, which would otherwise look like one of the server. The address of the
/// proxy is not shown, because it may contain a password.
fn about_proxy(error: &(dyn Error + 'static)) -> BoxError {
    let cause = super::error::root_cause(error);
    io::Error::other(format!("the proxy: {cause}")).into()
}

/// The URL with its port, because a tunnel takes 443 for all schemes.
fn with_port(uri: Uri) -> Uri {
    let is_http = uri.scheme() == Some(&Scheme::HTTP);
    let Some(host) = uri.host().filter(|_| is_http && uri.port().is_none()) else {
        return uri;
    };
    let authority = Authority::try_from(format!("{host}:80")).ok();
    let mut parts = Parts::default();
    parts.scheme = Some(Scheme::HTTP);
    parts.authority = authority;
    parts.path_and_query = uri.path_and_query().cloned();
    Uri::from_parts(parts).unwrap_or(uri)
}

/// A connector with a limit on the time for the whole connection, from the lookup of the host to
/// the handshake of TLS.
#[derive(Clone, Debug)]
pub(super) struct Timed<C> {
    pub(super) inner: C,
    pub(super) limit: Duration,
}

impl<C> Service<Uri> for Timed<C>
where
    C: Service<Uri, Error = BoxError>,
    C::Future: Send + 'static,
{
    type Response = C::Response;
    type Error = BoxError;
    type Future = BoxFuture<C::Response>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        let connection = self.inner.call(uri);
        let limit = self.limit;
        Box::pin(async move {
            match tokio::time::timeout(limit, connection).await {
                Ok(connection) => connection,
                Err(_) => Err(ConnectTimeout.into()),
            }
        })
    }
}
