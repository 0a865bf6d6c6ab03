// Requests, connections and the pool behind HttpClient. Everything but the counters belongs to the reactor thread.
#pragma once

#include <atomic>
#include <deque>
#include <functional>
#include <memory>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "harness/net/channel.h"
#include "harness/net/client.h"
#include "harness/net/dial.h"
#include "harness/net/outgoing.h"

namespace plumb::net::detail {

class ClientConnection;

// One request from submission to its last callback.
class CallState : public std::enable_shared_from_this<CallState> {
 public:
  CallState(ClientRequest what, CallCallbacks hooks, std::shared_ptr<ClientPool> where);

  void finish();                 // on_end
  void fail_with(Error error);   // on_error
  void cancel();
  void write(Bytes chunk);  // counted already
  void end_body();
  void set_paused(bool paused);
  const std::shared_ptr<Reactor>& reactor() const { return reactor_; }

  ClientRequest request;
  CallCallbacks callbacks;
  std::function<void(std::shared_ptr<Stream>)> on_switch;  // set for upgrades: after on_headers with 101, instead of the body
  OutgoingBody body;
  std::shared_ptr<ClientPool> pool;         // until it is done
  ClientConnection* connection = nullptr;   // while it is on one
  std::int32_t id = 0;
  int status = 0;
  Headers headers, trailers;
  std::size_t header_bytes = 0;
  std::size_t unconsumed = 0;  // flow-control bytes held back while paused
  Reactor::TimerId timer = 0;
  Version version = Version::http_1_1;
  bool paused = false, done = false, retried = false, header_done = false;

 private:
  void settle();
  std::shared_ptr<Reactor> reactor_;
};

// One connection. Protocols: h1_client.cc, h2_client.cc.
class ClientConnection : public ChannelUser, public std::enable_shared_from_this<ClientConnection> {
 public:
  explicit ClientConnection(std::shared_ptr<ClientPool> pool) : pool_(std::move(pool)) {}
  virtual void take(std::shared_ptr<CallState> call) = 0;
  virtual std::size_t room() const = 0;  // how many more calls it can take now
  virtual std::size_t calls() const = 0;
  virtual void drop(CallState& call) = 0;  // cancelled; the call is finished by its own side
  virtual void body_grows(CallState& call) = 0;
  virtual void pause_changed(CallState& call) = 0;
  virtual void tick(Instant now) = 0;  // once a second

  std::shared_ptr<Channel> channel;
  Instant idle_since = std::chrono::steady_clock::now();

 protected:
  std::shared_ptr<ClientPool> pool_;
};

std::shared_ptr<ClientConnection> new_h1_client(std::shared_ptr<ClientPool> pool);
std::shared_ptr<ClientConnection> new_h2_client(std::shared_ptr<ClientPool> pool);

class ClientPool : public std::enable_shared_from_this<ClientPool> {
 public:
  ClientPool(ClientOptions given, SslContext any, SslContext only_h1)
      : options(std::move(given)), tls_(std::move(any)), tls_h1_(std::move(only_h1)) {}

  void submit(const std::shared_ptr<CallState>& call);
  void submit_upgrade(const std::shared_ptr<CallState>& call);
  // A call that its connection did not process goes back into the line, once; else it fails with `error`.
  void retry(const std::shared_ptr<CallState>& call, Error error);
  void shut_down();
  void pump();                              // there may be room now
  void retire(ClientConnection& connection);  // it takes no new calls
  void gone(ClientConnection& connection);    // it has ended

  const ClientOptions options;
  std::atomic<std::size_t> open{0};

 private:
  enum class Seen { unknown, http_1_1, http_2 };
  void connect();
  void connected(Result<Dialled> dialled);
  void adopt(const std::shared_ptr<ClientConnection>& connection, std::shared_ptr<Channel> channel);
  std::size_t allowed_connections() const;
  const std::string& server_name() const;
  void tick();
  std::shared_ptr<ClientConnection> pick();

  SslContext tls_, tls_h1_;
  Seen protocol_ = Seen::unknown;
  std::deque<std::shared_ptr<CallState>> waiting_;
  std::vector<std::shared_ptr<ClientConnection>> connections_;     // that take calls
  std::unordered_set<std::shared_ptr<ClientConnection>> retired_;  // that only finish theirs
  std::unordered_map<std::uint64_t, std::function<void()>> dials_;  // under way: how to give up
  std::uint64_t next_dial_ = 0;
  std::size_t dialling_ = 0, next_ = 0;
  bool ticking_ = false, shut_ = false, pumping_ = false;
};

}  // namespace plumb::net::detail
