//! Ports for programs that are told where to listen.

use std::{
    net::{Ipv4Addr, SocketAddr, TcpListener},
    process,
    sync::atomic::{AtomicU32, Ordering},
};

/// Ports below those that systems give to whoever asks for any, so that none of these comes in between.
const FROM: u32 = 20_000;
const COUNT: u32 = 12_000;

/// A port of this machine's own address on which nobody listens, and which no other test of this process was given: a
/// program may also end there and start again.
pub fn free_port() -> u16 {
    static GIVEN: AtomicU32 = AtomicU32::new(0);
    // Processes at work side by side begin far from each other.
    let begin = process::id().wrapping_mul(7417);
    for _ in 0..COUNT {
        let next = begin.wrapping_add(GIVEN.fetch_add(1, Ordering::Relaxed));
        let port = u16::try_from(FROM + next % COUNT).expect("a port");
        if TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok() {
            return port;
        }
    }
    panic!("no port is free");
}

/// The same with the address.
pub fn free_address() -> SocketAddr {
    (Ipv4Addr::LOCALHOST, free_port()).into()
}
