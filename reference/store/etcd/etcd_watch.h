// One watch on its own stream, which reconnects.
#pragma once

#include <future>
#include <memory>
#include <mutex>

#include "reference/store/etcd/etcd_connection.h"

namespace plumb::store::etcd_detail {

class WatchStream : public std::enable_shared_from_this<WatchStream> {
 public:
  WatchStream(std::shared_ptr<Connection> connection, WatchRequest request, WatchHandler handler)
      : connection_(std::move(connection)), prefix_(std::move(request.prefix)), next_(request.start_revision), handler_(std::move(handler)) {}

  // Waits until etcd has registered the watch.
  Status start(Duration timeout);
  void request_progress();
  // After it returns the handler is not running and never runs again; without an error it is not told.
  void end(std::optional<Error> error = std::nullopt);

 private:
  void connect();
  void on_message(const std::string& message);
  void on_done();
  void deliver(Result<WatchBatch> batch);

  const std::shared_ptr<Connection> connection_;
  const std::string prefix_;
  std::promise<void> created_;
  bool was_created_ = false;  // reactor thread
  std::recursive_mutex mutex_;  // held while the handler runs, which may destroy its own watch
  // Guarded by mutex_.
  Revision next_;  // first revision not delivered; 0: not known yet
  WatchHandler handler_;
  net::grpc::StreamCall stream_;
  bool ended_ = false;
};

}  // namespace plumb::store::etcd_detail
