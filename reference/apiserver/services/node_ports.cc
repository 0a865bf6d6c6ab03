#include "reference/apiserver/services/node_ports.h"

#include <algorithm>

#include "harness/base/encoding.h"
#include "harness/base/log.h"
#include "reference/api/codec/protobuf.h"
#include "reference/api/types/corev1.h"

namespace plumb::apiserver {
namespace {

// A bit a port, counted from the range's first, as the bytes of one big number, highest first.
std::string to_bits(const std::set<std::int32_t>& ports, const NodePorts::Range& range) {
  std::string bytes(static_cast<std::size_t>((range.last - range.first) / 8 + 1), '\0');
  for (const std::int32_t port : ports) {
    const std::size_t bit = static_cast<std::size_t>(port - range.first);
    char& byte = bytes[bytes.size() - 1 - bit / 8];
    byte = static_cast<char>(static_cast<unsigned char>(byte) | 1u << bit % 8);
  }
  return bytes.substr(std::min(bytes.find_first_not_of('\0'), bytes.size()));
}

std::set<std::int32_t> from_bits(std::string_view bytes, const NodePorts::Range& written, const NodePorts::Range& now) {
  std::set<std::int32_t> ports;
  for (std::size_t bit = 0; bit < bytes.size() * 8; ++bit) {
    const auto byte = static_cast<unsigned char>(bytes[bytes.size() - 1 - bit / 8]);
    const std::int64_t port = written.first + static_cast<std::int64_t>(bit);
    if ((byte >> bit % 8 & 1) && port >= now.first && port <= now.last) ports.insert(static_cast<std::int32_t>(port));
  }
  return ports;
}

Error refused(std::string message) { return fail(Code::invalid_argument, std::move(message)); }

}  // namespace

Result<NodePorts::Range> NodePorts::Range::parse(std::string_view text) {
  const auto parts = split(text, '-');
  const auto first = parse_int(parts.front()), last = parse_int(parts.back());
  if (parts.size() == 2 && first && last && *first >= 1 && *first <= *last && *last <= 65535)
    return Range{static_cast<std::int32_t>(*first), static_cast<std::int32_t>(*last)};
  return fail(Code::invalid_argument, "\"" + std::string(text) + "\" is no range of ports: two numbers from 1 to 65535 with a dash between, as in 30000-32767");
}

Status NodePorts::load(store::Store& store) {
  const auto stored = PLUMB_TRY(store.get(node_ports_key));
  see(stored.kv);
  return {};
}

Status NodePorts::Change::take(std::int32_t port) {
  if (!ports_->pool_.has(static_cast<PoolNumber>(port)))
    return refused("provided port is not in the valid range. The range of valid ports is " + ports_->range_.text());
  if (!taken_.insert(port).second) return refused("provided port is already allocated");
  return {};
}

Result<std::int32_t> NodePorts::Change::take_any() {
  const auto port = ports_->pool_.choose([this](PoolNumber number) { return taken_.contains(static_cast<std::int32_t>(number)); });
  if (!port) return fail(Code::resource_exhausted, "range is full");
  taken_.insert(static_cast<std::int32_t>(*port));
  return static_cast<std::int32_t>(*port);
}

NodePorts::Change NodePorts::begin() const {
  Change change;
  change.ports_ = this;
  const std::lock_guard lock(mutex_);
  change.taken_ = taken_;
  change.revision_ = revision_;
  return change;
}

Companions NodePorts::write(const Change& change) {
  std::set<std::int32_t> ports = change.taken_;
  for (const std::int32_t port : change.released_) ports.erase(port);
  {
    const std::lock_guard lock(mutex_);
    if (revision_ == change.revision_ && ports == taken_) return {};
  }
  return put(ports, change.revision_);
}

Companions NodePorts::put(const std::set<std::int32_t>& ports, store::Revision expected) {
  corev1::RangeAllocation allocation;
  allocation.range = range_.text();
  allocation.data = api::Bytes(to_bits(ports, range_));
  std::string text;
  api::encode_protobuf(allocation, text);
  Companions companions;
  companions.guards.push_back({std::string(node_ports_key), expected});
  companions.ops.push_back({store::Op::Kind::put, std::string(node_ports_key), store::bytes(std::move(text)), 0});
  companions.settled = [this, ports](const store::TxnResponse& response, std::size_t first_guard) {
    response.succeeded ? remember(ports, response.revision) : see(response.values[first_guard]);
  };
  return companions;
}

void NodePorts::see(const std::optional<store::KeyValue>& stored) {
  if (!stored) {
    const std::lock_guard lock(mutex_);
    taken_.clear();
    revision_ = 0;
    return;
  }
  const auto decoded = api::decode_protobuf(*stored->value);
  const auto* allocation = decoded.ok() ? api::as<corev1::RangeAllocation>(**decoded) : nullptr;
  std::set<std::int32_t> ports;
  if (allocation) {
    const auto written = Range::parse(allocation->range);
    ports = from_bits(allocation->data.data, written.ok() ? *written : range_, range_);
  } else {
    log::error("apiserver", "cannot read which node ports are given out (" + std::string(node_ports_key) + "); the next repair finds them again");
  }
  remember(ports, stored->mod_revision);
}

void NodePorts::remember(const std::set<std::int32_t>& ports, store::Revision revision) {
  const std::lock_guard lock(mutex_);
  if (revision <= revision_) return;
  taken_ = ports;
  revision_ = revision;
}

}  // namespace plumb::apiserver
