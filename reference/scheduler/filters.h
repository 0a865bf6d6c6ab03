// The filters of a profile, asked about one pod: with what their PreFilter left, and with the pods that wait for room on a node.
#pragma once

#include <memory>
#include <vector>

#include "reference/scheduler/node_table.h"
#include "reference/scheduler/profile.h"

namespace plumb::scheduler {

class Filters {
 public:
  Filters(const Profile& profile, const NodeTable& table) : profile_(profile), table_(table), states_(profile.slots()) {}

  // A pod that lives until the next one is begun. Of each plugin with a PreFilter, what that left, or that it has nothing to say.
  void begin(const PodInfo& pod);
  void keep(std::size_t slot, std::unique_ptr<PluginState> state) { states_[slot] = std::move(state); }
  void skip(std::size_t slot) { skipped_.push_back(slot); }
  void ready();
  const PluginState* state(std::size_t slot) const { return states_[slot].get(); }

  struct Refused {
    Code code = Code::success;  // success: by nobody
    const Profile::Asked<FilterPlugin>* by = nullptr;
  };
  // May the pod go there? Also with the pods of no lower priority that wait for room there: they may come or not. Adds to `reasons`.
  Refused ask(const NodeInfo& node, Reasons& reasons) const {
    return nobody_waits_ ? ask(node, view_, reasons) : ask_with_waiting(node, reasons);
  }
  std::unique_ptr<DryRun> try_on(const NodeInfo& node) const;

 private:
  class Trial;
  using View = std::vector<const PluginState*>;
  Refused ask(const NodeInfo& node, const View& states, Reasons& reasons) const;
  Refused ask_with_waiting(const NodeInfo& node, Reasons& reasons) const;
  bool waits_there(const PodInfo& other) const { return other.priority >= pod_->priority && other.uid() != pod_->uid(); }

  const Profile& profile_;
  const NodeTable& table_;
  const PodInfo* pod_ = nullptr;
  bool nobody_waits_ = true;
  std::vector<std::unique_ptr<PluginState>> states_;
  std::vector<std::size_t> skipped_;
  View view_;
  std::vector<const Profile::Asked<FilterPlugin>*> filters_;
  std::vector<const Profile::Asked<PreFilterExtensions>*> extensions_;
};

}  // namespace plumb::scheduler
