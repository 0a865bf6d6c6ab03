#include "reference/scheduler/filters.h"

#include <algorithm>

namespace plumb::scheduler {

// A copy of a node and of what changes with its pods.
class Filters::Trial final : public DryRun {
 public:
  Trial(const Filters& filters, const NodeInfo& node) : filters_(filters), node_(node), states_(filters.view_) {
    for (const auto* asked : filters.extensions_) {
      auto copy = states_[asked->slot]->clone();
      states_[asked->slot] = copy.get();
      copies_.push_back(std::move(copy));
    }
  }

  const NodeInfo& node() const override { return node_; }
  void remove(const PodInfoPtr& pod) override {
    node_.remove_pod(*pod);
    change(*pod, -1);
  }
  void add(const PodInfoPtr& pod) override {
    node_.add_pod(pod);
    change(*pod, 1);
  }
  Code filter(Reasons& reasons) override {
    const auto& nominated = filters_.table_.nominations.on(node_.name());
    if (std::any_of(nominated.begin(), nominated.end(), [&](const PodInfoPtr& other) { return filters_.waits_there(*other); })) {
      Trial with_them(*this);
      for (const PodInfoPtr& other : nominated)
        if (filters_.waits_there(*other)) with_them.add(other);
      if (const Refused refused = with_them.refused(reasons); refused.by) return refused.code;
    }
    return refused(reasons).code;
  }
  Refused refused(Reasons& reasons) const { return filters_.ask(node_, states_, reasons); }

 private:
  Trial(const Trial& other) : filters_(other.filters_), node_(other.node_), states_(other.states_) {
    for (std::size_t i = 0; i < filters_.extensions_.size(); ++i) {
      auto copy = other.copies_[i]->clone();
      states_[filters_.extensions_[i]->slot] = copy.get();
      copies_.push_back(std::move(copy));
    }
  }
  void change(const PodInfo& pod, int by) {
    for (std::size_t i = 0; i < copies_.size(); ++i)
      filters_.extensions_[i]->plugin->change(*copies_[i], *filters_.pod_, pod, node_, by);
  }

  const Filters& filters_;
  NodeInfo node_;
  View states_;
  std::vector<std::unique_ptr<PluginState>> copies_;  // of the plugins with extensions, in their order
};

void Filters::begin(const PodInfo& pod) {
  pod_ = &pod;
  nobody_waits_ = table_.nominations.empty();
  for (auto& state : states_) state.reset();
  skipped_.clear();
}

void Filters::ready() {
  const auto asked = [&](std::size_t slot) { return std::find(skipped_.begin(), skipped_.end(), slot) == skipped_.end(); };
  filters_.clear();
  for (const auto& one : profile_.filter)
    if (asked(one.slot)) filters_.push_back(&one);
  extensions_.clear();
  for (const auto& one : profile_.pre_filter_extensions)
    if (asked(one.slot) && states_[one.slot]) extensions_.push_back(&one);
  view_.clear();
  for (const auto& state : states_) view_.push_back(state.get());
}

Filters::Refused Filters::ask(const NodeInfo& node, const View& states, Reasons& reasons) const {
  for (const auto* asked : filters_) {
    const Code code = asked->plugin->filter(states[asked->slot], *pod_, node, reasons);
    if (code != Code::success) return {code, asked};
  }
  return {};
}

// Without them first: that needs no copy of the node, and is enough for one that is full.
Filters::Refused Filters::ask_with_waiting(const NodeInfo& node, Reasons& reasons) const {
  if (const Refused refused = ask(node, view_, reasons); refused.by) return refused;
  std::unique_ptr<Trial> with_them;
  for (const PodInfoPtr& other : table_.nominations.on(node.name())) {
    if (!waits_there(*other)) continue;
    if (!with_them) with_them = std::make_unique<Trial>(*this, node);
    with_them->add(other);
  }
  return with_them ? with_them->refused(reasons) : Refused();
}

std::unique_ptr<DryRun> Filters::try_on(const NodeInfo& node) const { return std::make_unique<Trial>(*this, node); }

}  // namespace plumb::scheduler
