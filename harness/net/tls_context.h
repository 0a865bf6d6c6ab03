// OpenSSL contexts from our options, and the non-blocking byte channel over a socket with or without TLS.
#pragma once

#include <memory>
#include <string>

#include "harness/base/result.h"
#include "harness/net/tls.h"

typedef struct ssl_ctx_st SSL_CTX;
typedef struct ssl_st SSL;

namespace plumb::net::detail {

struct SslContextDeleter {
  void operator()(SSL_CTX* context) const;
};
struct SslDeleter {
  void operator()(SSL* ssl) const;
};
using SslContext = std::shared_ptr<SSL_CTX>;
using Ssl = std::unique_ptr<SSL, SslDeleter>;

enum class Alpn { http_1_1, http_2, both };

Result<SslContext> make_server_context(const TlsServerOptions& options);
Result<SslContext> make_client_context(const TlsClientOptions& options, Alpn alpn);
// A session over a socket, its writes free of SIGPIPE. `server_name` (clients) is verified and sent as SNI unless empty.
Result<Ssl> make_session(const SslContext& context, int fd, bool server, const std::string& server_name);
bool chose_http2(SSL* ssl);
// What OpenSSL's thread-local queue says, emptied; or `otherwise`.
std::string tls_error_text(const char* otherwise);

}  // namespace plumb::net::detail
