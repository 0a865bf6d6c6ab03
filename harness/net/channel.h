// A non-blocking byte channel: a socket on a reactor, with TLS or without, and the bytes that wait to be written to it. What the bytes
// mean is its user's business; the user can change while the channel lives (TLS handshake, protocol, upgrade).
// Reactor thread only. Writing is batched: send() collects, the socket is written once at the end of the turn.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "harness/net/descriptor.h"
#include "harness/net/tls_context.h"

namespace plumb::net::detail {

class ChannelUser {
 public:
  virtual ~ChannelUser() = default;
  virtual void on_ready() {}  // the handshake is done; at once without TLS
  virtual void on_bytes(std::string_view data) = 0;
  virtual void on_eof() = 0;
  virtual void on_room() = 0;                       // less than Channel::kFull waits: add more if there is more
  virtual void on_closed(const Status& status) = 0;  // the last call, exactly once
};

class Channel final : public ReadySink, public std::enable_shared_from_this<Channel> {
 public:
  static constexpr std::size_t kFull = 64 << 10;

  Channel(const std::shared_ptr<Reactor>& reactor, int fd) : descriptor_(reactor, fd, this) {}
  ~Channel() override = default;

  // Begins: a non-blocking connect that may still be under way, then the handshake when `ssl` is set, then reading.
  void start(std::shared_ptr<ChannelUser> user, Ssl ssl, bool connecting);
  void set_user(std::shared_ptr<ChannelUser> user) { user_ = std::move(user); }

  // Appends to what waits. Direct access spares a copy; follow it with flush_soon().
  void send(std::string_view data);
  std::string& out() { return out_; }
  bool full() const { return waiting() >= kFull; }
  std::size_t waiting() const { return out_.size() - out_at_; }
  void flush_soon();

  void pause();
  void resume();
  bool paused() const { return paused_; }
  void shutdown_write();            // after what waits
  void close_after_flush();         // then on_closed(ok)
  void close(const Status& status);  // now

  bool open() const { return descriptor_.open(); }
  bool ready() const { return ready_; }
  SSL* ssl() const { return ssl_.get(); }
  int fd() const { return descriptor_.fd(); }
  const std::shared_ptr<Reactor>& reactor() const { return descriptor_.reactor(); }
  // Bytes that went out and came in, for timeouts to see progress.
  std::uint64_t written() const { return written_; }
  std::uint64_t received() const { return received_; }

  void on_readable() override;
  void on_writable() override;
  void on_stop() override;

 private:
  enum class Io { done, again, closed };
  bool step_connect();
  bool step_handshake();
  Io read_some();
  Io write_some();
  void flush();
  Io tls_outcome(int result, const char* attempted);

  Descriptor descriptor_;
  Ssl ssl_;
  std::shared_ptr<ChannelUser> user_;
  std::string out_;
  std::size_t out_at_ = 0;
  std::uint64_t written_ = 0, received_ = 0;
  bool connecting_ = false, ready_ = false, paused_ = false, eof_ = false, short_read_ = false;
  bool flush_pending_ = false, flushing_ = false, reading_ = false;
  bool shutdown_wanted_ = false, shutdown_done_ = false, close_wanted_ = false;
};

}  // namespace plumb::net::detail
