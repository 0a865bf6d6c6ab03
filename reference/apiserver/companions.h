// What is written in the same transaction as a request's object: all of it is stored, or nothing is. So nobody takes what another request
// has taken, and nothing is taken by a request that fails. Admission plugins and allocators fill it.
#pragma once

#include <functional>
#include <iterator>
#include <memory>
#include <utility>
#include <vector>

#include "reference/api/object.h"
#include "reference/store/store.h"

namespace plumb::apiserver {

struct Companions {
  // Another object that becomes `next`, if it is still as it was seen.
  struct Change {
    api::ObjectPtr current;
    std::shared_ptr<api::Object> next;
  };
  std::vector<Change> changes;
  // Whatever else is to hold and to happen in the store.
  std::vector<store::Guard> guards;
  std::vector<store::Op> ops;
  // Told of the transaction's end, with the position of `guards` among its guards. Must not block.
  std::function<void(const store::TxnResponse&, std::size_t first_guard)> settled;

  bool empty() const { return changes.empty() && guards.empty() && ops.empty(); }

  void add(Companions more) {
    if (more.settled)
      settled = [before = std::move(settled), next = std::move(more.settled), mine = guards.size()](const store::TxnResponse& response, std::size_t first_guard) {
        if (before) before(response, first_guard);
        next(response, first_guard + mine);
      };
    std::move(more.changes.begin(), more.changes.end(), std::back_inserter(changes));
    std::move(more.guards.begin(), more.guards.end(), std::back_inserter(guards));
    std::move(more.ops.begin(), more.ops.end(), std::back_inserter(ops));
  }
};

}  // namespace plumb::apiserver
