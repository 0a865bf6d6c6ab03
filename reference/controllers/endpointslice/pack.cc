#include "reference/controllers/endpointslice/pack.h"

#include <algorithm>
#include <unordered_map>

namespace plumb::controllers::endpointslice {
namespace {

using discoveryv1::Endpoint;
using discoveryv1::EndpointSlice;

class Packer {
 public:
  Packer(const Packing& packing, std::vector<Endpoint> wanted) : packing_(packing), wanted_(std::move(wanted)), placed_(wanted_.size()) {
    for (std::size_t i = 0; i < wanted_.size(); ++i) by_identity_.emplace(identity(wanted_[i]), i);
  }

  void run(const std::vector<SlicePtr>& existing, SliceChanges& changes) {
    for (const SlicePtr& slice : existing) keep(slice, changes);
    // The fullest first.
    std::stable_sort(updated_.begin(), updated_.end(), [](const NewSlice& a, const NewSlice& b) { return a->endpoints.size() > b->endpoints.size(); });
    for (const NewSlice& slice : updated_) fill(*slice);
    while (left() > 0) place_rest(changes);
    changes.update.insert(changes.update.end(), updated_.begin(), updated_.end());
  }

 private:
  void keep(const SlicePtr& slice, SliceChanges& changes) {
    api::List<Endpoint> kept;
    bool changed = false;
    for (const Endpoint& endpoint : slice->endpoints) {
      const auto at = by_identity_.find(identity(endpoint));
      if (at == by_identity_.end() || placed_[at->second]) continue;
      placed_[at->second] = true;
      Endpoint next = wanted_[at->second];
      changed |= !same_state(next, endpoint);
      next.hints = endpoint.hints;
      kept.push_back(std::move(next));
    }
    changed |= kept.size() != slice->endpoints.size();
    if (changed && kept.empty()) return changes.remove.push_back(slice);
    auto copy = std::make_shared<EndpointSlice>(*slice);
    const bool relabelled = packing_.relabel(*copy);
    if (!changed && !relabelled) return unchanged_.push_back(slice);
    if (changed) copy->endpoints = std::move(kept);
    updated_.push_back(std::move(copy));
  }

  std::size_t left() const { return static_cast<std::size_t>(std::count(placed_.begin(), placed_.end(), false)); }

  void fill(EndpointSlice& slice) {
    for (std::size_t i = 0; i < wanted_.size() && slice.endpoints.size() < packing_.most_endpoints; ++i) {
      if (placed_[i]) continue;
      placed_[i] = true;
      slice.endpoints.push_back(wanted_[i]);
    }
  }

  // Of the unchanged slices the one that the rest leaves least room in.
  void place_rest(SliceChanges& changes) {
    const std::size_t rest = left();
    const auto room = [&](const SlicePtr& slice) { return static_cast<std::int64_t>(packing_.most_endpoints) - static_cast<std::int64_t>(rest + slice->endpoints.size()); };
    auto best = unchanged_.end();
    for (auto each = unchanged_.begin(); rest < packing_.most_endpoints && each != unchanged_.end(); ++each)
      if (room(*each) >= 0 && (best == unchanged_.end() || room(*each) < room(*best))) best = each;
    if (best == unchanged_.end()) {
      changes.create.push_back(packing_.fresh());
      return fill(*changes.create.back());
    }
    updated_.push_back(std::make_shared<EndpointSlice>(**best));
    unchanged_.erase(best);
    fill(*updated_.back());
  }

  const Packing& packing_;
  const std::vector<Endpoint> wanted_;
  std::vector<bool> placed_;
  std::unordered_map<std::string, std::size_t> by_identity_;
  std::vector<SlicePtr> unchanged_;
  std::vector<NewSlice> updated_;
};

}  // namespace

void pack(const Packing& packing, const std::vector<SlicePtr>& existing, std::vector<Endpoint> wanted, SliceChanges& changes) {
  Packer(packing, std::move(wanted)).run(existing, changes);
}

}  // namespace plumb::controllers::endpointslice
