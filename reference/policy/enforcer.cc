#include "reference/policy/enforcer.h"

#include <unistd.h>

#include <algorithm>

#include "harness/base/log.h"

namespace plumb::policy {
namespace {

informer::Scope named(const std::string& name) { return {.namespace_ = {}, .label_selector = {}, .field_selector = "metadata.name=" + name}; }

}  // namespace

Enforcer::Enforcer(EnforcerOptions options, informer::InformerFactory& informers, proxy::Nftables& nftables, Clock& clock, std::function<void()> changed)
    : options_(std::move(options)),
      informers_(informers),
      nftables_(nftables),
      clock_(clock),
      changed_(std::move(changed)),
      policies_(informers.informer<networkingv1::NetworkPolicy>()),
      node_(informers.informer<corev1::Node>(named(options_.node_name))) {
  sides_.push_back(std::make_unique<Side>(Family::ipv4, options_.node_name));
  policies_.add_handler([this](const auto& before, const auto& after) {
    tell([&](Changes& changes) { changes.policies.insert(informer::object_key(*(after ? after : before))); });
  });
  node_.add_handler([this](const auto&, const auto&) { tell([](Changes& changes) { changes.node = true; }); });
}

bool Enforcer::has_synced() const {
  const informer::Informer* pods = pods_;
  const informer::Informer* namespaces = namespaces_;
  return policies_.has_synced() && node_.has_synced() && (!pods || pods->has_synced()) && (!namespaces || namespaces->has_synced());
}

void Enforcer::tell(const std::function<void(Changes&)>& change) {
  {
    std::lock_guard lock(mutex_);
    change(changes_);
  }
  if (has_synced()) changed_();
}

void Enforcer::watch_pods() {
  if (pods_) return;
  informer::Informer& namespaces = informers_.informer<corev1::Namespace>();
  namespaces_ = &namespaces;
  informer::Informer& pods = informers_.informer<corev1::Pod>();
  pods_ = &pods;
  namespaces.add_handler([this](const auto& before, const auto& after) {
    tell([&](Changes& changes) { changes.namespaces.insert((after ? after : before)->metadata.name.str()); });
  });
  pods.add_handler([this](const auto& before, const auto& after) {
    tell([&](Changes& changes) { changes.pods.insert(informer::object_key(*(after ? after : before))); });
  });
}

void Enforcer::observe_node() {
  std::array<std::vector<std::string>, 2> ranges;
  if (const auto node = node_.lister<corev1::Node>().get(options_.node_name)) {
    const auto add = [&](const api::Str& text) {
      const auto range = api::IpRange::parse(text);
      if (!range) return;
      auto& of_family = ranges[range->network.v6];
      if (std::find(of_family.begin(), of_family.end(), range->text()) == of_family.end()) of_family.push_back(range->text());
    };
    add(node->spec.podCIDR);
    for (const api::Str& text : node->spec.podCIDRs) add(text);
  }
  if (!ranges[1].empty() && sides_.size() == 1) {
    sides_.push_back(std::make_unique<Side>(Family::ipv6, options_.node_name));
    fill(*sides_.back());
  }
  for (const auto& side : sides_) side->model.set_ranges(ranges[side->family == Family::ipv6]);
}

void Enforcer::fill(Side& side) const {
  for (const auto& policy : policies_.lister<networkingv1::NetworkPolicy>().list()) side.model.set_policy(informer::object_key(*policy), policy);
  if (!pods_) return;
  for (const auto& one : namespaces_.load()->lister<corev1::Namespace>().list()) side.model.set_namespace(one->metadata.name.str(), one);
  for (const auto& pod : pods_.load()->lister<corev1::Pod>().list()) side.model.set_pod(informer::object_key(*pod), pod);
}

void Enforcer::apply(Side& side, const Changes& changes) const {
  for (const std::string& name : changes.namespaces) side.model.set_namespace(name, namespaces_.load()->lister<corev1::Namespace>().get(name));
  for (const std::string& key : changes.policies) side.model.set_policy(key, policies_.lister<networkingv1::NetworkPolicy>().get(key));
  for (const std::string& key : changes.pods) side.model.set_pod(key, pods_.load()->lister<corev1::Pod>().get(key));
  side.model.decide();
}

void Enforcer::warn(const std::set<std::string>& policies) {
  for (const std::string& key : policies)
    if (const auto policy = policies_.lister<networkingv1::NetworkPolicy>().get(key))
      if (const std::string left = left_out(*policy); !left.empty()) log::warning(kComponent, "NetworkPolicy " + key + ": " + left);
}

Status Enforcer::write(Side& side) {
  Ruleset& rules = side.model.rules();
  const Instant now = clock_.now();
  if (now - side.made >= options_.full_sync_period) rules.make_anew();
  const bool whole = rules.has_to_be_made_anew();
  std::string commands, mark = side.mark;
  if (whole) {
    mark = "made-" + std::to_string(getpid()) + "-" + std::to_string(++made_);
    commands = rules.whole() + "add chain " + policy_table(side.family) + " " + mark + "\n";
  } else {
    commands = rules.take_changes(now);
  }
  if (commands.empty()) return {};
  if (Status written = nftables_.run(commands); !written.ok()) {
    rules.make_anew();
    metrics_.failed();
    return written.error().in("syncing " + policy_table(side.family));
  }
  if (whole) side.made = now;
  side.mark = std::move(mark);
  metrics_.synced(clock_.now() - now, whole);
  return {};
}

Status Enforcer::sync() {
  if (!has_synced()) return {};
  // The first policy has come: what was there before it comes with the pods' first list.
  if (!pods_ && policies_.store().size() > 0) {
    watch_pods();
    if (!has_synced()) return {};
  }
  Changes changes;
  {
    std::lock_guard lock(mutex_);
    std::swap(changes, changes_);
    changes_.node = false;
  }
  if (changes.node) observe_node();
  // What the first lists hold is taken at once: a table of a part of it would open what an earlier process has closed.
  if (pods_ && !filled_) {
    for (const auto& side : sides_) fill(*side);
    filled_ = true;
  }
  warn(changes.policies);
  Status result;
  std::size_t elements = 0;
  for (const auto& side : sides_) {
    apply(*side, changes);
    // The kernel may lack a family; the other one goes on.
    if (Status written = write(*side); !written.ok() && result.ok()) result = std::move(written);
    elements += side->model.rules().element_count();
  }
  const Model& model = sides_.front()->model;
  metrics_.holds(model.policy_count(), model.isolated_count(Direction::ingress), model.isolated_count(Direction::egress), elements);
  return result;
}

void Enforcer::verify() {
  for (const auto& side : sides_) {
    Ruleset& rules = side->model.rules();
    if (side->mark.empty() || rules.has_to_be_made_anew()) continue;
    const Instant now = clock_.now();
    if (const std::string unused = rules.delete_stale(now); !unused.empty() && nftables_.run(unused).ok()) rules.forget_stale(now);
    if (nftables_.run("flush chain " + policy_table(side->family) + " " + side->mark + "\n").ok()) continue;
    log::warning(kComponent, "the table \"" + policy_table(side->family) + "\" is not as it was left: another program has changed the node's nftables rules; making it anew");
    rules.make_anew();
  }
}

}  // namespace plumb::policy
