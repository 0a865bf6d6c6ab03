// Stream over a Channel.
#pragma once

#include "harness/net/channel.h"
#include "harness/net/outgoing.h"
#include "harness/net/stream.h"

namespace plumb::net::detail {

class RawStream final : public Stream, public ChannelUser, public std::enable_shared_from_this<RawStream> {
 public:
  explicit RawStream(std::shared_ptr<Channel> channel) : channel_(std::move(channel)), reactor_(channel_->reactor()) {}
  // Becomes the channel's user; `already_read` came with the upgrade. Reactor thread.
  void take_over(std::string already_read);
  // The channel's connection has ended for a reason of ours. Reactor thread.
  void break_off(const Status& why);

  void start(Callbacks callbacks) override;
  void write(Bytes data) override;
  std::size_t buffered() const override { return queue_.counted(); }
  void on_writable(std::size_t low_water, std::function<void()> callback) override;
  void pause_reading() override;
  void resume_reading() override;
  void shutdown_write() override;
  void close() override;
  const std::shared_ptr<Reactor>& reactor() const override { return reactor_; }

  void on_bytes(std::string_view data) override;
  void on_eof() override;
  void on_room() override;
  void on_closed(const Status& status) override;

 private:
  void finish();

  std::shared_ptr<Channel> channel_;
  std::shared_ptr<Reactor> reactor_;
  Outgoing queue_;
  Callbacks callbacks_;
  std::string early_;
  Status close_status_;
  bool started_ = false, paused_ = false, shutdown_ = false, closing_ = false, closed_ = false, told_ = false;
};

}  // namespace plumb::net::detail
