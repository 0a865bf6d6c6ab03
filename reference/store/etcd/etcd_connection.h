// Calls to the endpoints of one etcd cluster, and what etcd's errors and messages mean in the store's words.
#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "harness/net/grpc.h"
#include "reference/store/etcd/etcd_store.h"

namespace plumb::etcd {
class KeyValue;
}

namespace plumb::store::etcd_detail {

class Connection {
 public:
  static Result<std::shared_ptr<Connection>> create(const EtcdOptions& options);

  // The endpoint in use; next() turns to another, called when it fails.
  std::shared_ptr<net::grpc::Channel> channel() const { return channels_[current_ % channels_.size()]; }
  void next() { ++current_; }
  // Tries every endpoint while the answer is `unavailable`: for calls that may be repeated.
  Result<std::string> read(std::string_view method, const std::string& request, Duration timeout);
  // Once.
  Result<std::string> write(std::string_view method, const std::string& request, Duration timeout);
  const std::shared_ptr<net::Reactor>& reactor() const { return reactor_; }

 private:
  std::vector<std::shared_ptr<net::grpc::Channel>> channels_;
  std::shared_ptr<net::Reactor> reactor_;
  std::atomic<std::size_t> current_ = 0;
};

Error translate(Error error);
KeyValue to_key_value(const plumb::etcd::KeyValue& kv, bool with_value = true);
// The end of the range of keys with this prefix, as etcd wants it.
std::string range_end(std::string_view prefix);

}  // namespace plumb::store::etcd_detail
