#include "harness/net/channel.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>

namespace plumb::net::detail {

namespace {
// To a client that speaks HTTP without TLS, as Go's server does. What it sent is read, since the answer is lost when unread bytes are.
void tell_plain_client(int fd) {
  static constexpr std::string_view answer = "HTTP/1.0 400 Bad Request\r\n\r\nClient sent an HTTP request to an HTTPS server.\n";
  (void)::send(fd, answer.data(), answer.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
  ::shutdown(fd, SHUT_WR);
  char unread[16 << 10];
  for (int i = 0; i < 8 && ::recv(fd, unread, sizeof unread, MSG_DONTWAIT) > 0; ++i) {
  }
}

constexpr std::size_t kReadSize = 64 << 10;
constexpr int kReadsPerTurn = 8;  // then others on the reactor have theirs
}  // namespace

void Channel::start(std::shared_ptr<ChannelUser> user, Ssl ssl, bool connecting) {
  user_ = std::move(user);
  ssl_ = std::move(ssl);
  connecting_ = connecting;
  if (connecting_) descriptor_.wait_write(shared_from_this());
  else on_readable();
}

bool Channel::step_connect() {
  int error = 0;
  socklen_t size = sizeof error;
  getsockopt(fd(), SOL_SOCKET, SO_ERROR, &error, &size);
  if (error) {
    errno = error;
    close(fail(Code::unavailable, fail_errno("connecting").message));
    return false;
  }
  connecting_ = false;
  return true;
}

// True when the channel is ready to carry bytes.
bool Channel::step_handshake() {
  if (ready_) return true;
  if (ssl_) {
    ERR_clear_error();
    const int result = SSL_do_handshake(ssl_.get());
    if (result != 1) {
      const long verify = SSL_get_verify_result(ssl_.get());
      if (tls_outcome(result, "TLS handshake") == Io::again) return false;
      if (!descriptor_.open()) return false;
      close(fail(Code::unavailable, verify == X509_V_OK || SSL_is_server(ssl_.get())
                                        ? "TLS handshake: the other side hung up"
                                        : std::string("TLS handshake: ") + X509_verify_cert_error_string(verify)));
      return false;
    }
  }
  ready_ = true;
  const auto user = user_;
  user->on_ready();
  return descriptor_.open();
}

// Maps OpenSSL's answer and arms the wait that it asks for. Io::closed: an orderly end, or close() was called with the error.
Channel::Io Channel::tls_outcome(int result, const char* attempted) {
  switch (SSL_get_error(ssl_.get(), result)) {
    case SSL_ERROR_WANT_READ: descriptor_.wait_read(shared_from_this()); return Io::again;
    case SSL_ERROR_WANT_WRITE: descriptor_.wait_write(shared_from_this()); return Io::again;
    case SSL_ERROR_ZERO_RETURN: return Io::closed;
    case SSL_ERROR_SYSCALL: close(errno ? fail(Code::unavailable, fail_errno(attempted).message)
                                        : fail(Code::unavailable, std::string(attempted) + ": the other side hung up"));
      return Io::closed;
    default: {
      const long verify = SSL_get_verify_result(ssl_.get());
      if (SSL_is_server(ssl_.get()) && ERR_GET_REASON(ERR_peek_error()) == SSL_R_HTTP_REQUEST) tell_plain_client(fd());
      std::string why = tls_error_text("protocol error");
      if (!SSL_is_server(ssl_.get()) && verify != X509_V_OK) why = X509_verify_cert_error_string(verify);
      close(fail(Code::unavailable, std::string(attempted) + ": " + why));
      return Io::closed;
    }
  }
}

Channel::Io Channel::read_some() {
  thread_local std::array<char, kReadSize> buffer;
  std::size_t count = 0;
  if (ssl_) {
    ERR_clear_error();
    errno = 0;
    // Several records, so that the user is called once for them.
    while (count + (16 << 10) <= buffer.size()) {
      const int result = SSL_read(ssl_.get(), buffer.data() + count, static_cast<int>(buffer.size() - count));
      if (result > 0) {
        count += static_cast<std::size_t>(result);
        continue;
      }
      if (count) break;  // the condition comes again on the next read
      const Io outcome = tls_outcome(result, "reading");
      if (outcome == Io::closed && descriptor_.open()) eof_ = true;
      return outcome;
    }
    short_read_ = false;
  } else {
    const ssize_t result = ::recv(fd(), buffer.data(), buffer.size(), 0);
    if (result < 0) {
      if (errno == EAGAIN || errno == EINTR) return descriptor_.wait_read(shared_from_this()), Io::again;
      close(fail(Code::unavailable, fail_errno("reading").message));
      return Io::closed;
    }
    if (result == 0) return eof_ = true, Io::closed;
    count = static_cast<std::size_t>(result);
    short_read_ = count < buffer.size();
  }
  received_ += count;
  const auto user = user_;
  user->on_bytes({buffer.data(), count});
  return Io::done;
}

void Channel::on_readable() {
  const auto self = shared_from_this();
  if (!descriptor_.open() || reading_) return;
  if (!step_handshake()) return;
  reading_ = true;
  for (int turn = 0; descriptor_.open() && !paused_ && !eof_; ++turn) {
    if (turn == kReadsPerTurn) {
      reactor()->post([self] { self->on_readable(); });
      break;
    }
    const Io outcome = read_some();
    if (outcome == Io::again) break;
    if (outcome == Io::closed) {
      const auto user = user_;
      if (eof_ && user) user->on_eof();
      break;
    }
    if (short_read_) {
      if (descriptor_.open() && !paused_) descriptor_.wait_read(self);
      break;
    }
  }
  reading_ = false;
  if (flush_pending_) flush();
}

void Channel::on_writable() {
  const auto self = shared_from_this();
  if (!descriptor_.open()) return;
  if (connecting_ && !step_connect()) return;
  if (!ready_) return on_readable();
  flush();
  // A TLS read may have waited for this too.
  if (ssl_ && !reading_ && descriptor_.open() && SSL_want_write(ssl_.get()) == 0 && !paused_ && !eof_) descriptor_.wait_read(self);
}

void Channel::on_stop() { close(fail(Code::unavailable, "the connection's thread stops")); }

void Channel::send(std::string_view data) {
  if (!descriptor_.open()) return;
  out_.append(data);
  flush_soon();
}

void Channel::flush_soon() {
  if (flush_pending_) return;
  flush_pending_ = true;
  if (reading_ || flushing_) return;  // flushed at the end of what runs
  reactor()->post([self = shared_from_this()] {
    if (self->flush_pending_) self->flush();
  });
}

Channel::Io Channel::write_some() {
  const char* data = out_.data() + out_at_;
  ssize_t sent = 0;
  if (ssl_) {
    ERR_clear_error();
    errno = 0;
    const int result = SSL_write(ssl_.get(), data, static_cast<int>(waiting()));
    if (result <= 0) {
      const Io outcome = tls_outcome(result, "writing");
      if (outcome == Io::closed && descriptor_.open()) close(fail(Code::unavailable, "writing: the other side closed the TLS session"));
      return outcome;
    }
    sent = result;
  } else {
    sent = ::send(fd(), data, waiting(), MSG_NOSIGNAL);
    if (sent < 0) {
      if (errno == EAGAIN || errno == EINTR) return descriptor_.wait_write(shared_from_this()), Io::again;
      close(fail(Code::unavailable, fail_errno("writing").message));
      return Io::closed;
    }
  }
  written_ += static_cast<std::uint64_t>(sent);
  out_at_ += static_cast<std::size_t>(sent);
  return Io::done;
}

void Channel::flush() {
  const auto self = shared_from_this();
  flush_pending_ = false;
  if (!descriptor_.open() || !ready_ || flushing_) return;
  flushing_ = true;
  while (descriptor_.open()) {
    if (!full()) {
      if (out_at_ && out_at_ >= kFull) out_.erase(0, out_at_), out_at_ = 0;
      const auto user = user_;
      user->on_room();
    }
    if (!descriptor_.open() || waiting() == 0) break;
    if (write_some() != Io::done) break;
    if (waiting() == 0) {
      out_at_ = 0;
      if (out_.capacity() > 2 * kFull) out_ = std::string();
      else out_.clear();
    }
  }
  flushing_ = false;
  flush_pending_ = false;
  if (!descriptor_.open() || waiting()) return;
  if (close_wanted_) return close({});
  if (shutdown_wanted_ && !shutdown_done_) {
    shutdown_done_ = true;
    if (ssl_) SSL_shutdown(ssl_.get());
    ::shutdown(fd(), SHUT_WR);
  }
}

void Channel::pause() { paused_ = true; }

void Channel::resume() {
  if (!paused_) return;
  paused_ = false;
  if (!descriptor_.open() || reading_) return;
  // TLS may hold bytes that the socket will not announce again.
  reactor()->post([self = shared_from_this()] { self->on_readable(); });
}

void Channel::shutdown_write() {
  shutdown_wanted_ = true;
  flush_soon();
}

void Channel::close_after_flush() {
  close_wanted_ = true;
  flush_soon();
}

void Channel::close(const Status& status) {
  if (!descriptor_.open()) return;
  const auto self = shared_from_this();
  if (ssl_ && ready_ && status.ok()) {
    ERR_clear_error();
    SSL_shutdown(ssl_.get());
  }
  descriptor_.close();
  const auto user = std::move(user_);
  user_ = nullptr;
  if (user) user->on_closed(status);
}

}  // namespace plumb::net::detail
