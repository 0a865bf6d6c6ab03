// A server's connection: handshake, choice of protocol, time limits. The protocols behind it are in h1_server.cc and h2_server.cc.
#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <unordered_set>
#include <vector>

#include "harness/net/channel.h"
#include "harness/net/exchange.h"
#include "harness/net/raw_stream.h"

namespace plumb::net::detail {

class ServerConnection;

// What all connections of a server share.
struct ServerShared {
  ServerOptions options;
  Handler handler;
  SslContext tls;
  std::atomic<std::size_t> connections{0};
  std::atomic<bool> draining{false};

  std::pair<Headers, std::string> error_answer(int status, std::string_view what) const;
};

// The connections of one reactor. Reactor thread only.
struct ServerShard {
  std::shared_ptr<Reactor> reactor;
  std::unordered_set<std::shared_ptr<ServerConnection>> connections;
  std::vector<std::weak_ptr<RawStream>> streams;  // upgraded ones
};

class ServerProtocol {
 public:
  virtual ~ServerProtocol() = default;
  virtual Status on_bytes(std::string_view data) = 0;
  virtual void on_eof() = 0;
  virtual Status on_room() = 0;
  virtual void on_closed() = 0;
  virtual bool idle() const = 0;       // no request under way and none arriving
  virtual bool receiving() const = 0;  // a request is arriving
  virtual void drain() = 0;            // finish what is under way, then close
  virtual void timed_out() = 0;        // a request took too long to arrive
};

class ServerConnection final : public ChannelUser, public std::enable_shared_from_this<ServerConnection> {
 public:
  ServerConnection(std::shared_ptr<ServerShared> shared, std::shared_ptr<ServerShard> shard, int fd, std::string address);
  ~ServerConnection() override;
  void start();
  void sweep(Instant now);  // looks at the time limits
  void drain();
  void close(const Status& why) { channel_->close(why); }

  const std::shared_ptr<Channel>& channel() const { return channel_; }
  const ServerShared& shared() const { return *shared_; }
  const std::shared_ptr<const Peer>& peer() const { return peer_; }
  const std::shared_ptr<Reactor>& reactor() const { return shard_->reactor; }
  // Leaves the connection to a raw stream; `rest` was read already.
  std::shared_ptr<RawStream> hand_over(std::string rest);

  void on_ready() override;
  void on_bytes(std::string_view data) override;
  void on_eof() override;
  void on_room() override;
  void on_closed(const Status& status) override;

 private:
  void identify_peer();

  std::shared_ptr<ServerShared> shared_;
  std::shared_ptr<ServerShard> shard_;
  std::shared_ptr<Channel> channel_;
  std::shared_ptr<const Peer> peer_;
  std::unique_ptr<ServerProtocol> protocol_;
  std::string sniffed_;
  Instant idle_since_, receiving_since_, stalled_since_;
  bool was_idle_ = false, was_receiving_ = true, was_stalled_ = false;
  std::uint64_t last_written_ = 0;
};

std::unique_ptr<ServerProtocol> new_h1_server(ServerConnection& connection);
std::unique_ptr<ServerProtocol> new_h2_server(ServerConnection& connection);

}  // namespace plumb::net::detail
