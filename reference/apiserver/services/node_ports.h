// The node ports that are given out, in the store where upstream keeps them: one RangeAllocation with a bit a port, written in the same
// transaction as the Service that takes or lets go. Its guard makes sure that nothing is given out twice, whoever else serves the store.
//
// Errors are upstream's texts. Threads: any; of the writes that change() prepares one at a time should be on its way (Allocator::takes_turns).
#pragma once

#include <cstdint>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "reference/apiserver/registry/extensions.h"
#include "reference/apiserver/services/pool.h"

namespace plumb::apiserver {

inline constexpr std::string_view node_ports_key = "/registry/ranges/servicenodeports";

class NodePorts {
 public:
  struct Range {
    std::int32_t first = 30000, last = 32767;
    // "30000-32767"; invalid_argument for anything else.
    static Result<Range> parse(std::string_view text);
    std::string text() const { return std::to_string(first) + "-" + std::to_string(last); }
  };

  explicit NodePorts(Range range) : range_(range), pool_(port_pool(range.first, range.last)) {}
  // Reads what the store has. Blocks.
  Status load(store::Store& store);

  // A set of changes to what is given out, taken together.
  class Change {
   public:
    // "provided port is already allocated", "provided port is not in the valid range. …"
    Status take(std::int32_t port);
    // "range is full"
    Result<std::int32_t> take_any();
    // Free once the change is written, not before: nobody in this change can have it.
    void release(std::int32_t port) { released_.insert(port); }
    bool has(std::int32_t port) const { return taken_.contains(port); }
    const std::set<std::int32_t>& taken() const { return taken_; }

   private:
    friend class NodePorts;
    const NodePorts* ports_ = nullptr;
    std::set<std::int32_t> taken_, released_;
    store::Revision revision_ = 0;
  };
  Change begin() const;
  // What the change is in the store; nothing when it changes nothing.
  Companions write(const Change& change);
  // In place of what was given out when `seen` began: exactly these.
  Companions replace(const std::set<std::int32_t>& ports, const Change& seen) { return put(ports, seen.revision_); }

  const Range& range() const { return range_; }

 private:
  Companions put(const std::set<std::int32_t>& ports, store::Revision expected);
  void see(const std::optional<store::KeyValue>& stored);
  void remember(const std::set<std::int32_t>& ports, store::Revision revision);

  const Range range_;
  const Pool pool_;
  mutable std::mutex mutex_;
  std::set<std::int32_t> taken_;   // under mutex_
  store::Revision revision_ = 0;   // under mutex_: of what taken_ was read from; 0: there is nothing
};

}  // namespace plumb::apiserver
