//! Unpacks a client id of 2016 and later: it names the gateway process that holds the connection, and does not identify the user.

use std::net::Ipv4Addr;

/// The parts that GatewayWorker packs into a client id: 4 bytes address, 2 bytes port, 4 bytes connection, big endian, in hex.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Gateway {
    /// The address at which GatewayWorker's business processes reach the gateway process.
    pub address: Ipv4Addr,
    /// Its internal port, not the one that browsers connect to.
    pub port: u16,
    /// The number that the gateway assigned to the connection.
    pub connection: u32,
}

impl Gateway {
    /// Unpacks a client id. `None` for anything but 20 hexadecimal digits.
    ///
    /// ```
    /// use workermanchat::message::gateway::Gateway;
    ///
    /// let gateway = Gateway::from_client_id("7f00000108fd0000002a").expect("20 digits");
    /// assert_eq!((gateway.address.to_string(), gateway.port, gateway.connection), ("127.0.0.1".to_owned(), 2301, 42));
    /// ```
    pub fn from_client_id(id: &str) -> Option<Gateway> {
        if id.len() != 20 || !id.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return None;
        }
        Some(Gateway {
            address: Ipv4Addr::from(u32::from_str_radix(&id[..8], 16).ok()?),
            port: u16::from_str_radix(&id[8..12], 16).ok()?,
            connection: u32::from_str_radix(&id[12..], 16).ok()?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_address_port_and_connection() {
        let gateway = Gateway::from_client_id("7f00000108fd0000002a");
        assert_eq!(gateway, Some(Gateway { address: Ipv4Addr::LOCALHOST, port: 2301, connection: 42 }));
    }

    #[test]
    fn anything_else_is_no_gateway() {
        for id in [
            "",
            "all",
            "1",
            "783700053",
            "7f00000108fd0000002",
            "7f00000108fd0000002aa",
            "+f00000108fd0000002a",
            "7f00000108fd000000é",
        ] {
            assert_eq!(Gateway::from_client_id(id), None, "{id}");
        }
    }
}
