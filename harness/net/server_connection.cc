#include "harness/net/server_connection.h"

#include <openssl/ssl.h>
#include <openssl/x509.h>

namespace plumb::net::detail {

namespace {
constexpr std::string_view kHttp2Preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
Instant steady_now() { return std::chrono::steady_clock::now(); }
}  // namespace

std::pair<Headers, std::string> ServerShared::error_answer(int status, std::string_view what) const {
  if (options.error_answer) return options.error_answer(status, what);
  return {{{"Content-Type", "text/plain"}}, std::string(what) + "\n"};
}

ServerConnection::ServerConnection(std::shared_ptr<ServerShared> shared, std::shared_ptr<ServerShard> shard, int fd, std::string address)
    : shared_(std::move(shared)), shard_(std::move(shard)), channel_(std::make_shared<Channel>(shard_->reactor, fd)) {
  auto peer = std::make_shared<Peer>();
  peer->address = std::move(address);
  peer->tls = shared_->tls != nullptr;
  peer_ = std::move(peer);
  receiving_since_ = steady_now();
  ++shared_->connections;
}

ServerConnection::~ServerConnection() { --shared_->connections; }

void ServerConnection::start() {
  Ssl ssl;
  if (shared_->tls) {
    auto made = make_session(shared_->tls, channel_->fd(), true, {});
    if (!made) return channel_->close(made.error());
    ssl = std::move(made).value();
  }
  shard_->connections.insert(shared_from_this());
  channel_->start(shared_from_this(), std::move(ssl), false);
}

void ServerConnection::identify_peer() {
  SSL* ssl = channel_->ssl();
  X509* certificate = ssl ? SSL_get0_peer_certificate(ssl) : nullptr;
  if (!certificate) return;
  auto peer = std::make_shared<Peer>(*peer_);
  const long verdict = SSL_get_verify_result(ssl);
  unsigned char* der = nullptr;
  const int size = i2d_X509(certificate, &der);
  if (verdict != X509_V_OK) {
    peer->certificate_error = X509_verify_cert_error_string(verdict);
  } else if (size > 0) {
    auto info = parse_certificate(certificate_pem({reinterpret_cast<char*>(der), static_cast<std::size_t>(size)}));
    if (info) peer->certificate = std::move(info).value();
    else peer->certificate_error = info.error().message;
  }
  OPENSSL_free(der);
  peer_ = std::move(peer);
}

void ServerConnection::on_ready() {
  identify_peer();
  if (!channel_->ssl()) return;  // the first bytes tell the protocol
  protocol_ = chose_http2(channel_->ssl()) ? new_h2_server(*this) : new_h1_server(*this);
  was_receiving_ = false;
}

void ServerConnection::on_bytes(std::string_view data) {
  if (!protocol_) {
    sniffed_.append(data);
    const std::size_t known = std::min(sniffed_.size(), kHttp2Preface.size());
    const bool preface = kHttp2Preface.substr(0, known) == std::string_view(sniffed_).substr(0, known);
    if (preface && known < kHttp2Preface.size()) return;
    protocol_ = preface ? new_h2_server(*this) : new_h1_server(*this);
    was_receiving_ = false;
    const std::string all = std::move(sniffed_);
    const Status status = protocol_->on_bytes(all);
    if (!status.ok()) channel_->close(status);
    return;
  }
  const Status status = protocol_->on_bytes(data);
  if (!status.ok()) channel_->close(status);
}

void ServerConnection::on_eof() {
  if (protocol_) protocol_->on_eof();
  else channel_->close({});
}

void ServerConnection::on_room() {
  if (!protocol_) return;
  const Status status = protocol_->on_room();
  if (!status.ok()) channel_->close(status);
}

void ServerConnection::on_closed(const Status&) {
  const auto self = shared_from_this();
  shard_->connections.erase(self);
  if (protocol_) protocol_->on_closed();
}

std::shared_ptr<RawStream> ServerConnection::hand_over(std::string rest) {
  const auto stream = std::make_shared<RawStream>(channel_);
  stream->take_over(std::move(rest));
  std::erase_if(shard_->streams, [](const auto& weak) { return weak.expired(); });
  shard_->streams.push_back(stream);
  shard_->connections.erase(shared_from_this());
  return stream;
}

void ServerConnection::drain() {
  if (protocol_) protocol_->drain();
  else channel_->close({});
}

void ServerConnection::sweep(Instant now) {
  const ServerOptions& options = shared_->options;
  const bool receiving = !protocol_ || protocol_->receiving();
  if (receiving && !was_receiving_) receiving_since_ = now;
  was_receiving_ = receiving;
  if (receiving && now - receiving_since_ > options.request_timeout) {
    if (protocol_) return protocol_->timed_out();
    return channel_->close(fail(Code::deadline_exceeded, "no request arrived in time"));
  }
  const bool idle = protocol_ && protocol_->idle();
  if (idle && !was_idle_) idle_since_ = now;
  was_idle_ = idle;
  if (idle && now - idle_since_ > options.idle_timeout) return drain();
  const bool stalled = channel_->waiting() > 0 && channel_->written() == last_written_;
  last_written_ = channel_->written();
  if (stalled && !was_stalled_) stalled_since_ = now;
  was_stalled_ = stalled;
  if (stalled && now - stalled_since_ > options.write_timeout) channel_->close(fail(Code::deadline_exceeded, "the client takes no bytes"));
}

}  // namespace plumb::net::detail
