#include "harness/net/tls_context.h"

#include <arpa/inet.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>

namespace plumb::net::detail {

namespace {

// The shared reactor works until the process ends: OpenSSL must not take its own things away from under it at exit.
[[maybe_unused]] const int stays_until_the_end = OPENSSL_init_crypto(OPENSSL_INIT_NO_ATEXIT, nullptr);

template <class T, void (*F)(T*)>
struct Free {
  void operator()(T* pointer) const { F(pointer); }
};
using X509Ptr = std::unique_ptr<X509, Free<X509, X509_free>>;
using KeyPtr = std::unique_ptr<EVP_PKEY, Free<EVP_PKEY, EVP_PKEY_free>>;
struct FreeBio {
  void operator()(BIO* bio) const { BIO_free_all(bio); }
};
using BioPtr = std::unique_ptr<BIO, FreeBio>;

// An encrypted key is an error, not a prompt on the terminal.
int no_password(char*, int, int, void*) { return -1; }

BioPtr reader(const std::string& text) { return BioPtr(BIO_new_mem_buf(text.data(), static_cast<int>(text.size()))); }

Error bad(const std::string& what) { return fail(Code::invalid_argument, what + ": " + tls_error_text("unusable")); }

Status use_identity(SSL_CTX* context, const std::string& certificate_pem, const std::string& key_pem) {
  const BioPtr bio = reader(certificate_pem);
  const X509Ptr leaf(PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr));
  if (!leaf || SSL_CTX_use_certificate(context, leaf.get()) != 1) return bad("reading the TLS certificate");
  while (X509* next = PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr))
    if (SSL_CTX_add0_chain_cert(context, next) != 1) return X509_free(next), bad("reading the TLS certificate chain");
  ERR_clear_error();
  const BioPtr key_bio = reader(key_pem);
  const KeyPtr key(PEM_read_bio_PrivateKey(key_bio.get(), nullptr, no_password, nullptr));
  if (!key || SSL_CTX_use_PrivateKey(context, key.get()) != 1) return bad("reading the TLS private key");
  if (SSL_CTX_check_private_key(context) != 1) return bad("matching the TLS private key with its certificate");
  return {};
}

Status trust(SSL_CTX* context, const std::string& ca_pem, bool name_to_peers) {
  const BioPtr bio = reader(ca_pem);
  int count = 0;
  while (X509* next = PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr)) {
    const X509Ptr certificate(next);
    if (X509_STORE_add_cert(SSL_CTX_get_cert_store(context), next) != 1) return bad("adding a TLS CA certificate");
    if (name_to_peers) SSL_CTX_add_client_CA(context, next);
    ++count;
  }
  ERR_clear_error();
  if (!count) return fail(Code::invalid_argument, "reading the TLS CA bundle: it holds no PEM certificate");
  return {};
}

SslContext new_context(const SSL_METHOD* method) {
  SslContext context(SSL_CTX_new(method), SslContextDeleter());
  SSL_CTX_set_min_proto_version(context.get(), TLS1_2_VERSION);
  SSL_CTX_set_mode(context.get(), SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_RELEASE_BUFFERS);
  SSL_CTX_set_options(context.get(), SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_IGNORE_UNEXPECTED_EOF);
  return context;
}

int select_alpn(SSL*, const unsigned char** out, unsigned char* out_size, const unsigned char* offered, unsigned int size, void*) {
  static const unsigned char ours[] = "\x02h2\x08http/1.1";
  unsigned char* chosen = nullptr;
  if (SSL_select_next_proto(&chosen, out_size, ours, sizeof ours - 1, offered, size) != OPENSSL_NPN_NEGOTIATED) return SSL_TLSEXT_ERR_NOACK;
  *out = chosen;
  return SSL_TLSEXT_ERR_OK;
}

// The socket BIO, but a write to a closed connection is an error and not a signal.
int quiet_write(BIO* bio, const char* data, int size) {
  errno = 0;
  const auto sent = ::send(static_cast<int>(BIO_get_fd(bio, nullptr)), data, static_cast<std::size_t>(size), MSG_NOSIGNAL);
  BIO_clear_retry_flags(bio);
  if (sent < 0 && BIO_sock_should_retry(-1)) BIO_set_retry_write(bio);
  return static_cast<int>(sent);
}

const BIO_METHOD* quiet_socket() {
  static const BIO_METHOD* method = [] {
    const BIO_METHOD* socket = BIO_s_socket();
    BIO_METHOD* own = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK | BIO_TYPE_DESCRIPTOR, "quiet socket");
    BIO_meth_set_write(own, quiet_write);
    BIO_meth_set_read(own, BIO_meth_get_read(socket));
    BIO_meth_set_ctrl(own, BIO_meth_get_ctrl(socket));
    BIO_meth_set_create(own, BIO_meth_get_create(socket));
    BIO_meth_set_destroy(own, BIO_meth_get_destroy(socket));
    return own;
  }();
  return method;
}

bool is_address(const std::string& name) {
  unsigned char buffer[16];
  return inet_pton(AF_INET, name.c_str(), buffer) == 1 || inet_pton(AF_INET6, name.c_str(), buffer) == 1;
}

}  // namespace

void SslContextDeleter::operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
void SslDeleter::operator()(SSL* ssl) const { SSL_free(ssl); }

std::string tls_error_text(const char* otherwise) {
  const unsigned long code = ERR_get_error();
  ERR_clear_error();
  if (!code) return otherwise;
  const char* reason = ERR_reason_error_string(code);
  return reason ? reason : otherwise;
}

Result<SslContext> make_server_context(const TlsServerOptions& options) {
  ERR_clear_error();
  SslContext context = new_context(TLS_server_method());
  PLUMB_TRY(use_identity(context.get(), options.certificate_pem, options.key_pem));
  static const unsigned char session_scope[] = "plumb";
  SSL_CTX_set_session_id_context(context.get(), session_scope, sizeof session_scope - 1);
  if (!options.client_ca_pem.empty()) {
    PLUMB_TRY(trust(context.get(), options.client_ca_pem, true));
    SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER, [](int, X509_STORE_CTX*) { return 1; });
  }
  SSL_CTX_set_options(context.get(), SSL_OP_CIPHER_SERVER_PREFERENCE);
  SSL_CTX_set_alpn_select_cb(context.get(), select_alpn, nullptr);
  return context;
}

Result<SslContext> make_client_context(const TlsClientOptions& options, Alpn alpn) {
  ERR_clear_error();
  SslContext context = new_context(TLS_client_method());
  if (!options.certificate_pem.empty() || !options.key_pem.empty())
    PLUMB_TRY(use_identity(context.get(), options.certificate_pem, options.key_pem));
  if (!options.insecure_skip_verify) {
    if (options.ca_pem.empty()) SSL_CTX_set_default_verify_paths(context.get());
    else PLUMB_TRY(trust(context.get(), options.ca_pem, false));
    SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER, nullptr);
  }
  static const std::string protocols[] = {"\x08http/1.1", "\x02h2", "\x02h2\x08http/1.1"};
  const std::string& offer = protocols[static_cast<int>(alpn)];
  SSL_CTX_set_alpn_protos(context.get(), reinterpret_cast<const unsigned char*>(offer.data()), static_cast<unsigned>(offer.size()));
  return context;
}

Result<Ssl> make_session(const SslContext& context, int fd, bool server, const std::string& server_name) {
  ERR_clear_error();
  Ssl ssl(SSL_new(context.get()));
  BIO* bio = ssl ? BIO_new(quiet_socket()) : nullptr;
  if (!bio) return fail(Code::internal, "making a TLS session: " + tls_error_text("out of memory"));
  BIO_set_fd(bio, fd, BIO_NOCLOSE);
  SSL_set_bio(ssl.get(), bio, bio);
  if (server) return SSL_set_accept_state(ssl.get()), std::move(ssl);
  SSL_set_connect_state(ssl.get());
  if (server_name.empty()) return ssl;
  if (is_address(server_name)) {
    X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl.get()), server_name.c_str());
  } else {
    SSL_set_tlsext_host_name(ssl.get(), server_name.c_str());
    SSL_set1_host(ssl.get(), server_name.c_str());
  }
  return ssl;
}

bool chose_http2(SSL* ssl) {
  const unsigned char* name = nullptr;
  unsigned int size = 0;
  SSL_get0_alpn_selected(ssl, &name, &size);
  return size == 2 && std::memcmp(name, "h2", 2) == 0;
}

}  // namespace plumb::net::detail
