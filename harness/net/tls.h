// What a TLS endpoint is made of, as PEM text. TLS 1.2 and up, ALPN "h2" and "http/1.1". Checked when a server or client is created.
#pragma once

#include <string>

namespace plumb::net {

struct TlsServerOptions {
  std::string certificate_pem;  // the leaf first, then intermediates
  std::string key_pem;
  // When set, clients are asked for a certificate of this CA. None is fine; one that does not verify is fine for TLS too,
  // and shows as Peer::certificate_error, so that the application answers 401 and not a broken handshake.
  std::string client_ca_pem;
};

struct TlsClientOptions {
  std::string ca_pem;           // empty: the system's roots
  std::string certificate_pem;  // with key_pem: the client certificate
  std::string key_pem;
  std::string server_name;      // to verify and to send as SNI; empty: the endpoint's host
  bool insecure_skip_verify = false;
};

}  // namespace plumb::net
