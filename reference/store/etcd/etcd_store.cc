#include "reference/store/etcd/etcd_store.h"

#include <algorithm>
#include <condition_variable>
#include <cstdio>
#include <future>
#include <mutex>

#include "reference/store/etcd/etcd.pb.h"
#include "reference/store/etcd/etcd_connection.h"
#include "reference/store/etcd/etcd_watch.h"

namespace plumb::store {
namespace etcd_detail {
namespace {

constexpr Duration health_timeout = std::chrono::seconds(2);
constexpr const char* range_method = "/etcdserverpb.KV/Range";

Error closed() { return fail(Code::unavailable, "the store is closed", reason::closed); }

template <class Message>
Result<Message> parse(const std::string& bytes, std::string_view what) {
  Message message;
  if (!message.ParseFromString(bytes)) return fail(Code::internal, std::string(what) + ": etcd's answer cannot be parsed", reason::damaged);
  return message;
}

// Progress answers of older servers may overtake events that are on their way.
bool progress_is_ordered(const std::string& version) {
  int major = 0, minor = 0, patch = 0;
  if (std::sscanf(version.c_str(), "%d.%d.%d", &major, &minor, &patch) != 3) return false;
  if (major != 3 || minor > 5) return major >= 3;
  return (minor == 5 && patch >= 8) || (minor == 4 && patch >= 25);
}

std::string encode(const Txn& txn) {
  plumb::etcd::TxnRequest request;
  for (const Guard& guard : txn.guards) {
    auto& compare = *request.add_compare();
    compare.set_result(plumb::etcd::Compare::EQUAL);
    compare.set_target(plumb::etcd::Compare::MOD);
    compare.set_key(guard.key);
    compare.set_mod_revision(guard.mod_revision);
    request.add_failure()->mutable_request_range()->set_key(guard.key);
  }
  for (const Op& op : txn.ops) {
    if (op.kind == Op::Kind::remove) {
      auto& remove = *request.add_success()->mutable_request_delete_range();
      remove.set_key(op.key);
      remove.set_prev_kv(true);
      continue;
    }
    auto& put = *request.add_success()->mutable_request_put();
    put.set_key(op.key);
    put.set_value(*op.value);
    put.set_lease(op.lease);
    put.set_prev_kv(true);
  }
  return request.SerializeAsString();
}

std::optional<KeyValue> value_of(const plumb::etcd::ResponseOp& op) {
  if (op.has_response_put() && op.response_put().has_prev_kv()) return to_key_value(op.response_put().prev_kv());
  if (op.has_response_delete_range() && op.response_delete_range().prev_kvs_size()) return to_key_value(op.response_delete_range().prev_kvs(0));
  if (op.has_response_range() && op.response_range().kvs_size()) return to_key_value(op.response_range().kvs(0));
  return std::nullopt;
}

Result<TxnResponse> decode(const std::string& bytes) {
  const auto message = PLUMB_TRY(parse<plumb::etcd::TxnResponse>(bytes, "writing"));
  TxnResponse response;
  response.succeeded = message.succeeded();
  response.revision = message.header().revision();
  for (const auto& op : message.responses()) response.values.push_back(value_of(op));
  return response;
}

// Requests under way, so that close() can wait for them.
class InFlight {
 public:
  bool begin() {
    std::lock_guard lock(mutex_);
    count_ += !closed_;
    return !closed_;
  }
  void end() {
    std::lock_guard lock(mutex_);
    if (--count_ == 0) idle_.notify_all();
  }
  void close() {
    std::unique_lock lock(mutex_);
    closed_ = true;
    idle_.wait(lock, [&] { return count_ == 0; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable idle_;
  int count_ = 0;
  bool closed_ = false;
};

class Watching final : public Watch {
 public:
  Watching(std::shared_ptr<WatchStream> stream, bool progress) : stream_(std::move(stream)), progress_(progress) {}
  ~Watching() override { stream_->end(); }
  Status request_progress() override {
    if (!progress_) return fail(Code::unsupported, "this etcd's progress notifications may overtake events; etcd 3.4.25 or 3.5.8 is needed");
    stream_->request_progress();
    return {};
  }

 private:
  std::shared_ptr<WatchStream> stream_;
  const bool progress_;
};

class EtcdStore final : public Store {
 public:
  EtcdStore(std::shared_ptr<Connection> connection, Duration timeout) : connection_(std::move(connection)), timeout_(timeout) {}
  ~EtcdStore() override { close(); }

  Status start() {
    version_ = PLUMB_TRY(status()).version;
    return {};
  }

  using Store::txn;
  void txn(Txn txn, TxnCallback done) override;
  Result<GetResponse> get(std::string_view key, Revision revision) override;
  Result<ListResponse> list(const ListRequest& request) override;
  Result<CountResponse> count(std::string_view prefix, Revision revision) override;
  Result<Revision> current_revision() override;
  Result<std::unique_ptr<Watch>> watch(WatchRequest request, WatchHandler handler) override;
  Status compact(Revision revision) override;
  Result<LeaseId> lease_grant(std::chrono::seconds ttl) override;
  Result<std::chrono::seconds> lease_keepalive(LeaseId lease) override;
  Status lease_revoke(LeaseId lease) override;
  Status health() override;
  Result<StoreStatus> status() override;
  void close() override;

 private:
  template <class Response, class Request>
  Result<Response> call(const char* method, const Request& request, std::string_view what, bool repeat, Duration timeout);
  Result<plumb::etcd::RangeResponse> range(const plumb::etcd::RangeRequest& request, std::string_view what, Duration timeout) {
    return call<plumb::etcd::RangeResponse>(range_method, request, what, true, timeout);
  }

  const std::shared_ptr<Connection> connection_;
  const Duration timeout_;
  std::string version_;
  const std::shared_ptr<InFlight> in_flight_ = std::make_shared<InFlight>();
  std::once_flag closed_;
  std::mutex mutex_;
  std::vector<std::weak_ptr<WatchStream>> watches_;  // guarded by mutex_
};

template <class Response, class Request>
Result<Response> EtcdStore::call(const char* method, const Request& request, std::string_view what, bool repeat, Duration timeout) {
  if (!in_flight_->begin()) return closed().in(what);
  const std::string bytes = request.SerializeAsString();
  const auto answer = repeat ? connection_->read(method, bytes, timeout) : connection_->write(method, bytes, timeout);
  in_flight_->end();
  if (!answer.ok()) return answer.error().in(what);
  return parse<Response>(*answer, what);
}

void EtcdStore::txn(Txn txn, TxnCallback done) {
  if (const Status status = check(txn); !status.ok()) return done(status.error());
  if (!in_flight_->begin()) return done(closed().in("writing"));
  const auto finish = [done = std::move(done), in_flight = in_flight_, connection = connection_.get()](Result<std::string> answer) {
    if (answer.ok()) {
      done(decode(*answer));
    } else {
      if (answer.error().code == Code::unavailable || answer.error().code == Code::deadline_exceeded) connection->next();
      done(translate(answer.error()).in("writing"));
    }
    in_flight->end();
  };
  connection_->channel()->unary_async("/etcdserverpb.KV/Txn", encode(txn), {.timeout = timeout_}, finish);
}

Result<GetResponse> EtcdStore::get(std::string_view key, Revision revision) {
  if (key.empty()) return fail(Code::invalid_argument, "reading: the key is empty", reason::bad_request);
  plumb::etcd::RangeRequest request;
  request.set_key(std::string(key));
  request.set_revision(revision);
  const auto answer = PLUMB_TRY(range(request, "reading key " + std::string(key), timeout_));
  GetResponse response;
  response.revision = revision ? revision : answer.header().revision();
  if (answer.kvs_size()) response.kv = to_key_value(answer.kvs(0));
  return response;
}

Result<ListResponse> EtcdStore::list(const ListRequest& request) {
  plumb::etcd::RangeRequest out;
  const std::string from = std::max(request.prefix, request.start), end = prefix_end(request.prefix);
  const bool empty = !end.empty() && from >= end;
  out.set_key(from.empty() ? std::string(1, '\0') : from);
  out.set_range_end(range_end(request.prefix));
  out.set_limit(static_cast<std::int64_t>(request.limit));
  out.set_revision(request.revision);
  out.set_keys_only(request.keys_only);
  out.set_count_only(empty);
  const auto answer = PLUMB_TRY(range(out, "listing " + request.prefix, timeout_));
  ListResponse response;
  response.revision = request.revision ? request.revision : answer.header().revision();
  if (empty) return response;
  response.kvs.reserve(static_cast<std::size_t>(answer.kvs_size()));
  for (const auto& kv : answer.kvs()) response.kvs.push_back(to_key_value(kv, !request.keys_only));
  response.more = answer.more();
  response.remaining = answer.count() - answer.kvs_size();
  return response;
}

Result<CountResponse> EtcdStore::count(std::string_view prefix, Revision revision) {
  plumb::etcd::RangeRequest request;
  request.set_key(prefix.empty() ? std::string(1, '\0') : std::string(prefix));
  request.set_range_end(range_end(prefix));
  request.set_revision(revision);
  request.set_count_only(true);
  const auto answer = PLUMB_TRY(range(request, "counting " + std::string(prefix), timeout_));
  return CountResponse{answer.count(), revision ? revision : answer.header().revision()};
}

Result<Revision> EtcdStore::current_revision() {
  plumb::etcd::RangeRequest request;
  request.set_key(std::string(1, '\0'));
  request.set_count_only(true);
  return PLUMB_TRY(range(request, "reading the latest revision", timeout_)).header().revision();
}

Result<std::unique_ptr<Watch>> EtcdStore::watch(WatchRequest request, WatchHandler handler) {
  if (!in_flight_->begin()) return closed().in("watching");
  auto stream = std::make_shared<WatchStream>(connection_, std::move(request), std::move(handler));
  const Status started = stream->start(timeout_);
  if (started.ok()) {
    std::lock_guard lock(mutex_);
    std::erase_if(watches_, [](const auto& watch) { return watch.expired(); });
    watches_.push_back(stream);
  }
  in_flight_->end();
  if (!started.ok()) return started.error();
  return std::unique_ptr<Watch>(new Watching(std::move(stream), progress_is_ordered(version_)));
}

Status EtcdStore::compact(Revision revision) {
  plumb::etcd::CompactionRequest request;
  request.set_revision(revision);
  PLUMB_TRY(call<plumb::etcd::CompactionResponse>("/etcdserverpb.KV/Compact", request, "compacting", false, timeout_));
  return {};
}

Result<LeaseId> EtcdStore::lease_grant(std::chrono::seconds ttl) {
  if (ttl.count() < 1) return fail(Code::invalid_argument, "granting a lease: its time to live must be at least a second", reason::bad_request);
  plumb::etcd::LeaseGrantRequest request;
  request.set_ttl(ttl.count());
  return PLUMB_TRY(call<plumb::etcd::LeaseGrantResponse>("/etcdserverpb.Lease/LeaseGrant", request, "granting a lease", false, timeout_)).id();
}

Result<std::chrono::seconds> EtcdStore::lease_keepalive(LeaseId lease) {
  const std::string what = "keeping lease " + std::to_string(lease) + " alive";
  if (!in_flight_->begin()) return closed().in(what);
  struct Answer {
    std::mutex mutex;
    std::promise<Result<std::string>> promise;
    bool given = false;
    void give(Result<std::string> result) {
      std::lock_guard lock(mutex);
      if (!std::exchange(given, true)) promise.set_value(std::move(result));
    }
  };
  const auto answer = std::make_shared<Answer>();
  plumb::etcd::LeaseKeepAliveRequest request;
  request.set_id(lease);
  net::grpc::StreamCallbacks callbacks;
  callbacks.on_message = [answer](std::string message) { answer->give(std::move(message)); };
  callbacks.on_done = [answer](const Status& status) {
    answer->give(status.ok() ? fail(Code::unavailable, "etcd ended the stream without an answer") : translate(status.error()));
  };
  auto stream = connection_->channel()->bidi_stream("/etcdserverpb.Lease/LeaseKeepAlive", {.timeout = timeout_}, std::move(callbacks));
  stream.write(request.SerializeAsString());
  const auto bytes = answer->promise.get_future().get();
  stream.cancel();
  in_flight_->end();
  if (!bytes.ok()) return bytes.error().in(what);
  const auto response = PLUMB_TRY(parse<plumb::etcd::LeaseKeepAliveResponse>(*bytes, what));
  if (response.ttl() <= 0) return fail(Code::not_found, what + ": it does not exist or has ended", reason::lease_not_found);
  return std::chrono::seconds(response.ttl());
}

Status EtcdStore::lease_revoke(LeaseId lease) {
  plumb::etcd::LeaseRevokeRequest request;
  request.set_id(lease);
  PLUMB_TRY(call<plumb::etcd::LeaseRevokeResponse>("/etcdserverpb.Lease/LeaseRevoke", request, "revoking lease " + std::to_string(lease), false, timeout_));
  return {};
}

Status EtcdStore::health() {
  plumb::etcd::RangeRequest request;
  request.set_key("health");
  request.set_count_only(true);
  PLUMB_TRY(range(request, "checking etcd", std::min(health_timeout, timeout_)));
  return {};
}

Result<StoreStatus> EtcdStore::status() {
  const auto answer = PLUMB_TRY(
      call<plumb::etcd::StatusResponse>("/etcdserverpb.Maintenance/Status", plumb::etcd::StatusRequest(), "asking for etcd's status", true, timeout_));
  StoreStatus status;
  status.version = answer.version();
  status.revision = answer.header().revision();
  status.size_bytes = answer.dbsize();
  status.in_use_bytes = answer.dbsizeinuse();
  return status;
}

void EtcdStore::close() {
  std::call_once(closed_, [this] {
    in_flight_->close();
    std::vector<std::weak_ptr<WatchStream>> watches;
    {
      std::lock_guard lock(mutex_);
      watches.swap(watches_);
    }
    for (const auto& each : watches)
      if (const auto stream = each.lock()) stream->end(closed().in("watching"));
    connection_->reactor()->stop();
  });
}

}  // namespace
}  // namespace etcd_detail

Result<std::unique_ptr<Store>> open_etcd(EtcdOptions options) {
  auto connection = PLUMB_TRY(etcd_detail::Connection::create(options));
  auto store = std::make_unique<etcd_detail::EtcdStore>(std::move(connection), options.request_timeout);
  PLUMB_TRY(store->start());
  return std::unique_ptr<Store>(std::move(store));
}

}  // namespace plumb::store
