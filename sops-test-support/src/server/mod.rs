//! Servers on the loopback interface. `http.rs` has one that answers as a test wants, and the other
//! files have stand-ins for key services.

pub mod aws;
pub mod azure;
pub mod gcp;
pub mod hckms;
mod http;
mod objects;
pub mod vault;

pub use aws::AwsServer;
pub use azure::AzureServer;
pub use gcp::GcpServer;
pub use hckms::HckmsServer;
pub use http::{HttpReply, HttpRequest, HttpServer, authority_file, silent_port};
pub use objects::StoredObject;
pub use vault::VaultServer;
