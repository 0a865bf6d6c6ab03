// The controller "node-ipam-controller": with --allocate-node-cidrs every node that has none gets a range of --cluster-cidr for its pods, of
// --node-cidr-mask-size bits, and never one of a ServiceCIDR; it keeps it while it is there.
#include <map>
#include <utility>

#include "harness/base/encoding.h"
#include "harness/base/log.h"
#include "reference/api/types/corev1.h"
#include "reference/api/types/networkingv1.h"
#include "reference/controllers/framework/controller.h"
#include "reference/controllers/nodeipam/cidr_set.h"
#include "reference/informer/event_recorder.h"

namespace plumb::controllers::nodeipam {

namespace {

using NodePtr = std::shared_ptr<const corev1::Node>;
using Ranges = std::vector<api::IpRange>;

class NodeIpam final : public Controller {
 public:
  std::string component() const override { return "cidrAllocator"; }
  std::string account() const override { return "node-controller"; }
  std::string queue_name() const override { return "cidrallocator_node"; }
  // Each range is taken once: one node after the other.
  int workers() const override { return 1; }
  std::vector<OptionSpec> options() const override {
    const auto text = OptionSpec::Kind::text;
    return {{"allocate-node-cidrs", text, "false", "true: nodes get their pods' ranges from --cluster-cidr"},
            {"cluster-cidr", text, "", "the range of all pods; a second one of the other family after a comma"},
            {"node-cidr-mask-size", OptionSpec::Kind::number, "24", "bits of a node's IPv4 range"},
            {"node-cidr-mask-size-ipv6", OptionSpec::Kind::number, "64", "bits of a node's IPv6 range"}};
  }
  std::vector<apiserver::Grant> grants() const override {
    return {{"get,list,patch,update", "core", "nodes"}, {"list,watch", "networking.k8s.io", "servicecidrs"}, apiserver::records_events};
  }

  void watch(Watches& watches) override {
    if (!watches.options.flag("allocate-node-cidrs", false) || !configure(watches.options)) return;
    nodes_ = watches.watch_keys<corev1::Node>();
    services_ = watches.lister<networkingv1::ServiceCIDR>();
    on_ = true;
  }

  Plan reconcile(const std::string& key, const Now&) override {
    if (!on_) return {};
    if (!std::exchange(looked_, true)) look();
    const NodePtr node = nodes_.get(key);
    if (!node) {
      hold(key, {});
      return {};
    }
    note(*node);
    return node->spec.podCIDRs.empty() ? give(node) : Plan();
  }

 private:
  bool configure(const Options& options) {
    const std::string cluster = options.text("cluster-cidr", {});
    for (const std::string_view text : split(cluster, ',')) {
      const auto range = api::IpRange::parse(trim(text));
      const bool v6 = range && range->network.v6;
      const int bits = static_cast<int>(v6 ? options.number("node-cidr-mask-size-ipv6", 64) : options.number("node-cidr-mask-size", 24));
      auto set = range ? CidrSet::cut(*range, bits) : std::nullopt;
      const bool second = range && !sets_.empty() && (sets_.size() > 1 || sets_.front().cluster().network.v6 == v6);
      if (!set || second) {
        log::error(component(), "--cluster-cidr " + std::string(text) + " cannot be cut into ranges of " + std::to_string(bits) +
                                    " bits, or is another of the same family: nodes get none");
        return false;
      }
      sets_.push_back(std::move(*set));
    }
    return !sets_.empty();
  }

  // Before the first range is given out: what services and nodes have already.
  void look() {
    for (const auto& services : services_.list())
      for (const api::Str& text : services->spec.cidrs)
        if (const auto range = api::IpRange::parse(text.str())) take(*range);
    for (const NodePtr& node : nodes_.list()) note(*node);
  }

  void take(const api::IpRange& range) {
    for (CidrSet& set : sets_) set.take(range);
  }

  // What a node has, or was given but the caches do not show yet.
  void hold(const std::string& node, const Ranges& ranges) {
    for (const api::IpRange& range : ranges) take(range);
    for (const api::IpRange& range : held_[node])
      for (CidrSet& set : sets_) set.release(range);
    if (ranges.empty())
      held_.erase(node);
    else
      held_[node] = ranges;
  }

  void note(const corev1::Node& node) {
    if (node.spec.podCIDRs.empty()) return;
    Ranges ranges;
    for (const api::Str& text : node.spec.podCIDRs)
      if (const auto range = api::IpRange::parse(text.str())) ranges.push_back(*range);
    hold(node.metadata.name.str(), ranges);
  }

  Plan give(const NodePtr& node) {
    Plan plan;
    const std::string name = node->metadata.name.str();
    if (!held_.count(name)) {
      Ranges chosen;
      for (CidrSet& set : sets_) {
        const auto range = set.take_next();
        if (range) {
          chosen.push_back(*range);
          continue;
        }
        for (std::size_t i = 0; i < chosen.size(); ++i) sets_[i].release(chosen[i]);
        plan.record(node, informer::event_normal, "CIDRNotAvailable", "Node " + name + " status is now: CIDRNotAvailable");
        plan.retry = fail(Code::resource_exhausted, "no range of " + set.cluster().text() + " is left for node " + name);
        return plan;
      }
      held_[name] = std::move(chosen);
    }
    const Ranges& ranges = held_[name];
    std::string list;
    for (const api::IpRange& range : ranges) list += (list.empty() ? "\"" : ",\"") + range.text() + "\"";
    plan.act(informer::patch_request(informer::resource_of<corev1::Node>(), "", name, informer::PatchType::strategic,
                                     "{\"spec\":{\"podCIDR\":\"" + ranges.front().text() + "\",\"podCIDRs\":[" + list + "]}}", ""))
        .accept = {"NotFound"};
    return plan;
  }

  bool on_ = false, looked_ = false;
  // The one worker's: a set for each family, and who holds what of them.
  std::vector<CidrSet> sets_;
  std::map<std::string, Ranges> held_;
  informer::Lister<corev1::Node> nodes_;
  informer::Lister<networkingv1::ServiceCIDR> services_;
};

const Registered<Controller> registered{"node-ipam-controller", [] { return std::make_unique<NodeIpam>(); }};

}  // namespace

}  // namespace plumb::controllers::nodeipam
