//! The wire between a client and the Postgres of a test, for those who stand in between.

use sqlx::postgres::PgConnectOptions;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpListener, TcpStream, UnixStream},
};

/// What Postgres says.
pub type Reader = Box<dyn AsyncRead + Send + Unpin>;

/// What is said to Postgres.
pub type Writer = Box<dyn AsyncWrite + Send + Unpin>;

/// A port, and the address by which a client speaks to it as if it were the database of these options.
pub async fn listen_before(options: &PgConnectOptions) -> (TcpListener, String) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let port = listener.local_addr().expect("an address").port();
    let database = options.get_database().expect("a database");
    let url = format!("postgres://{}@127.0.0.1:{port}/{database}?sslmode=disable", options.get_username());
    (listener, url)
}

/// Connects to Postgres, by a socket in a folder or by TCP.
pub async fn connect(options: &PgConnectOptions) -> (Reader, Writer) {
    let port = options.get_port();
    let folder = match options.get_socket() {
        Some(folder) => Some(folder.clone()),
        None => options.get_host().starts_with('/').then(|| options.get_host().into()),
    };
    match folder {
        Some(folder) => {
            let stream =
                UnixStream::connect(folder.join(format!(".s.PGSQL.{port}"))).await.expect("Postgres");
            let (reader, writer) = stream.into_split();
            (Box::new(reader), Box::new(writer))
        }
        None => {
            let stream = TcpStream::connect((options.get_host(), port)).await.expect("Postgres");
            let (reader, writer) = stream.into_split();
            (Box::new(reader), Box::new(writer))
        }
    }
}
