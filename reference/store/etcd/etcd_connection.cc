#include "reference/store/etcd/etcd_connection.h"

#include "reference/store/etcd/etcd.pb.h"

namespace plumb::store::etcd_detail {
namespace {

constexpr std::size_t max_message = std::size_t{1} << 30;  // a whole listing comes as one message

std::string_view without_scheme(std::string_view endpoint) {
  for (const std::string_view scheme : {"http://", "https://"})
    if (endpoint.starts_with(scheme)) endpoint.remove_prefix(scheme.size());
  while (endpoint.ends_with('/')) endpoint.remove_suffix(1);
  return endpoint;
}

bool has(const Error& error, std::string_view text) { return error.message.find(text) != std::string::npos; }

}  // namespace

Result<std::shared_ptr<Connection>> Connection::create(const EtcdOptions& options) {
  if (options.endpoints.empty()) return fail(Code::invalid_argument, "connecting to etcd: no endpoint is given");
  auto connection = std::make_shared<Connection>();
  connection->reactor_ = net::Reactor::start("etcd");
  for (const std::string& text : options.endpoints) {
    net::grpc::ChannelOptions channel;
    auto endpoint = net::parse_endpoint(without_scheme(text));
    auto made = endpoint.ok() ? Result<std::shared_ptr<net::grpc::Channel>>(Error{}) : endpoint.error().in("etcd endpoint " + text);
    if (endpoint.ok()) {
      channel.endpoint = *endpoint;
      channel.tls = options.tls;
      channel.authority = channel.endpoint.text();
      channel.max_message = max_message;
      channel.reactor = connection->reactor_;
      made = net::grpc::Channel::create(std::move(channel));
    }
    if (!made.ok()) {
      connection->channels_.clear();
      connection->reactor_->stop();
      return made.error();
    }
    connection->channels_.push_back(std::move(*made));
  }
  return connection;
}

Result<std::string> Connection::read(std::string_view method, const std::string& request, Duration timeout) {
  for (std::size_t tried = 1;; ++tried) {
    auto answer = write(method, request, timeout);
    if (answer.ok() || answer.error().code != Code::unavailable || tried >= channels_.size()) return answer;
  }
}

Result<std::string> Connection::write(std::string_view method, const std::string& request, Duration timeout) {
  auto answer = channel()->unary(method, request, {.timeout = timeout});
  if (answer.ok()) return answer;
  if (answer.error().code == Code::unavailable || answer.error().code == Code::deadline_exceeded) next();
  return translate(answer.error());
}

Error translate(Error error) {
  if (has(error, "has been compacted")) {
    error.code = Code::expired;
    error.reason = reason::compacted;
  } else if (has(error, "future revision")) {
    error.code = Code::invalid_argument;
    error.reason = reason::future_revision;
  } else if (has(error, "lease not found")) {
    error.code = Code::not_found;
    error.reason = reason::lease_not_found;
  } else if (has(error, "request is too large")) {
    error.code = Code::invalid_argument;
    error.reason = reason::too_large;
  }
  return error;
}

KeyValue to_key_value(const plumb::etcd::KeyValue& kv, bool with_value) {
  KeyValue out;
  out.key = kv.key();
  if (with_value) out.value = bytes(kv.value());
  out.create_revision = kv.create_revision();
  out.mod_revision = kv.mod_revision();
  out.version = kv.version();
  out.lease = kv.lease();
  return out;
}

std::string range_end(std::string_view prefix) {
  std::string end = prefix_end(prefix);
  return end.empty() ? std::string(1, '\0') : end;
}

}  // namespace plumb::store::etcd_detail
