//! Starting a node.

use std::{error, fmt, io, net::SocketAddr};

use tokio::net::UdpSocket;

use crate::{Handle, Settings, driver::Driver, recorded::RecordedNode, recording::Begun};

/// Why a node did not start. Nothing was sent, and no address is taken.
#[derive(Debug)]
#[non_exhaustive]
pub enum SpawnError {
    /// Another socket has the bind address.
    AddressInUse {
        /// The address.
        bind: SocketAddr,
    },
    /// The system refused the bind address for another reason.
    Bind {
        /// The address.
        bind: SocketAddr,
        /// The reason.
        source: io::Error,
    },
    /// The socket listens on all addresses, so others must be told which to use.
    AdvertiseMissing {
        /// The address the socket was bound to.
        bind: SocketAddr,
    },
    /// The name does not fit the cell in which others learn it.
    NameTooLong {
        /// Its length, in bytes.
        len: usize,
    },
    /// The file for the log of inputs cannot be made.
    Log {
        /// The reason.
        source: io::Error,
    },
    /// The operating system has no entropy to give.
    Entropy(getrandom::Error),
}

/// Binds the socket and starts the node in a task of the runtime this is called in.
///
/// The node stops when it has [left](Handle::leave), when it is [aborted](Handle::abort), or when
/// the last clone of its handle is dropped.
///
/// # Errors
///
/// [`SpawnError`] says why the node did not start.
pub async fn spawn(settings: Settings) -> Result<Handle, SpawnError> {
    let bind = settings.bind;
    let len = settings.name.len();
    if len > Settings::NAME_LEN_MAX {
        return Err(SpawnError::NameTooLong { len });
    }
    let seed = match settings.seed {
        Some(seed) => seed,
        None => getrandom::u64().map_err(SpawnError::Entropy)?,
    };
    let refused = |source: io::Error| {
        if source.kind() == io::ErrorKind::AddrInUse {
            SpawnError::AddressInUse { bind }
        } else {
            SpawnError::Bind { bind, source }
        }
    };
    let socket = UdpSocket::bind(bind).await.map_err(refused)?;
    let bound = socket.local_addr().map_err(refused)?;
    let address = settings.advertise.unwrap_or(bound);
    if address.ip().is_unspecified() {
        return Err(SpawnError::AdvertiseMissing { bind });
    }
    let begun = Begun {
        unix: (settings.wall_clock)(),
        replica: settings.replica,
        name: settings.name.clone(),
        address,
        config: settings.config.clone(),
        seed,
    };
    let node = RecordedNode::start(begun, settings.log_inputs.as_deref())
        .map_err(|source| SpawnError::Log { source })?;
    Ok(Driver::spawn(socket, node, settings))
}

impl fmt::Display for SpawnError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AddressInUse { bind } => write!(
                f,
                "{bind} is in use by another socket; stop its owner, bind another address, \
                 or bind port 0 to be given a free port"
            ),
            Self::Bind { bind, source } => write!(
                f,
                "cannot bind {bind}: {source}; bind an address of this machine, such as \
                 127.0.0.1:0"
            ),
            Self::AdvertiseMissing { bind } => write!(
                f,
                "{bind} listens on all addresses of this machine; say which of them others \
                 reach it at (advertise), or bind that one"
            ),
            Self::NameTooLong { len } => write!(
                f,
                "the name takes {len} bytes, the limit is {}; choose a shorter one",
                Settings::NAME_LEN_MAX
            ),
            Self::Log { source } => write!(
                f,
                "the file for the log of inputs cannot be made: {source}; name one in a directory \
                 that can be written"
            ),
            Self::Entropy(error) => {
                write!(f, "the operating system gives no entropy: {error}; set a seed")
            }
        }
    }
}

impl error::Error for SpawnError {
    fn source(&self) -> Option<&(dyn error::Error + 'static)> {
        match self {
            Self::Bind { source, .. } | Self::Log { source } => Some(source),
            Self::Entropy(error) => Some(error),
            Self::AddressInUse { .. }
            | Self::AdvertiseMissing { .. }
            | Self::NameTooLong { .. } => None,
        }
    }
}
