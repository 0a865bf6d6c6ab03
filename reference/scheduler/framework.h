// What a scheduler plugin is, and what the scheduler does with its answers.
//
// A plugin is one folder under plugins/. It registers itself under upstream's name:
//
//   const Registered<Plugin> registered_node_name{"NodeName", [] { return std::make_unique<NodeName>(); }};
//
// and derives from Plugin and from an interface for each extension point it has. For one pod the scheduler goes through them in this order:
//
//   PreEnqueue  may the pod be considered at all? A pod that is refused waits until it changes.
//   QueueSort   which of two pods goes first? Exactly one plugin of a profile has it.
//   PreFilter   look at the pod once: work out what the other questions need, narrow the nodes down, or leave the pod alone (Skip).
//   Filter      can the pod run on this node? Asked of node after node until enough are found; the first refusal of a node counts.
//   PostFilter  no node can take the pod: can room be made?
//   PreScore, Score, Normalise   how good is each of the nodes found? 0 to 100 after Normalise, times the plugin's weight.
//   Reserve     the pod is going to that node: take note. Unreserve takes it back when the pod does not arrive.
//   Permit      the last word before binding.
//   PreBind     write what has to be there first, and wait until it has taken effect. Meanwhile other pods are decided about.
//   Bind        bring the pod to its node. The first plugin that binds such pods does it.
//
// Plugins are pure: they see the pod, the node table, caches of the cluster's objects and what their own PreFilter worked out, and have no
// client and no clock (Bind excepted, which is given a client; PreBind says what is to be written). All questions are asked on the scheduler's thread; one plugin object serves
// one profile.
#pragma once

#include <compare>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "harness/base/clock.h"
#include "harness/base/random.h"
#include "harness/base/registry.h"
#include "harness/base/result.h"

namespace plumb::api {
struct Object;
}
namespace plumb::informer {
class Client;
class Informer;
struct Request;
}
namespace plumb::resources {
class Resource;
}
namespace plumb::corev1 {
struct Node;
}

namespace plumb::scheduler {

struct PodInfo;
struct NodeInfo;
class DocReader;
class NodeTable;

// What a plugin may look at beside the pod and the node it is asked about. It stays as it is while a pod is decided about.
struct Handle {
  const NodeTable& table;
  // A cache of a resource that has synced before the first question; empty where there are nodes and pods alone.
  std::function<informer::Informer&(const resources::Resource&)> informer;
};

// An answer, by what the scheduler does with it.
enum class Code : std::uint8_t {
  success,
  // The pod does not fit now. It waits for one of the plugin's events; preemption may help.
  unschedulable,
  // The same, and no removal of pods could help.
  unschedulable_and_unresolvable,
  // The plugin has nothing to say about this pod: its Filter (from PreFilter) or Score (from PreScore) is not asked.
  skip,
  // Something failed that has nothing to do with the pod. It is tried again after a back-off, whatever happens.
  error,
};
// Upstream's words: "Success", "Unschedulable", …
std::string_view to_string(Code code);

struct Verdict {
  Code code = Code::success;
  std::string reason;
  bool ok() const { return code == Code::success; }
};

// Changes of the cluster that could turn a refusal into a yes. A set of them.
using Events = std::uint32_t;
namespace event {
inline constexpr Events node_added = 1, node_allocatable = 2, node_label = 4, node_taint = 8, node_removed = 256;
// Of pods that have a node.
inline constexpr Events pod_assigned = 16, pod_removed = 32, pod_scaled_down = 64, pod_label = 128;
// Of the objects that pods' volumes depend on: made, changed or gone.
inline constexpr Events volume = 512, volume_claim = 1024, storage_class = 2048, csi_node = 4096, csi_driver = 8192, storage_capacity = 16384,
                        volume_attachment = 32768;
inline constexpr Events any = ~Events(0);
}  // namespace event

// What has changed: a node, a pod with a node, or another object, as it was and as it is; nullptr where there was none, or is none any more.
struct Change {
  Events events = 0;
  std::shared_ptr<const corev1::Node> node_before, node;
  std::shared_ptr<const PodInfo> pod_before, pod;
  std::shared_ptr<const api::Object> object_before = nullptr, object = nullptr;
  // Where the pod is, or was; "" when that is not known. An assumed pod does not say it itself.
  std::string node_name = {};
};

// The plugins that have refused a pod, and the events that could turn that.
struct Refusers {
  Events events = 0;
  std::uint64_t plugins = 0;  // by slot, modulo 64
  void add(std::size_t slot, Events of) {
    plugins |= std::uint64_t{1} << (slot % 64);
    events |= of;
  }
  // Anything may help.
  static Refusers unknown() { return {event::any, ~std::uint64_t(0)}; }
  friend auto operator<=>(const Refusers&, const Refusers&) = default;
};

struct Traits {
  std::string_view name;
  // Smaller is asked first. Upstream's order of the default plugins; the first refusal of a node is the one that is shown.
  int order = 0;
  // Of its score in the sum over all plugins.
  int weight = 0;
  // That could turn its refusals. A change of the pod itself always makes it be tried again.
  Events events = 0;
  // Part of every profile that does not name it.
  bool by_default = true;
};

// What PreFilter and PreScore of a plugin leave for its later questions about the same pod.
class PluginState {
 public:
  virtual ~PluginState() = default;
  // A copy that PreFilterExtensions may change; nullptr where it has nothing that changes.
  virtual std::unique_ptr<PluginState> clone() const { return nullptr; }
};

class Plugin {
 public:
  virtual ~Plugin() = default;
  virtual Traits traits() const = 0;
  // What the configuration says to it, before attach(). Without a rule of its own it takes no arguments.
  virtual Status configure(const DocReader& args);
  // Before the first question. The handle outlives the plugin.
  virtual void attach(const Handle&) {}
  // It has refused the pod, and something has happened that is one of its events: could that turn the refusal? Asked once for all pods that
  // are alike (likeness.h), so nothing of the pod may be looked at that is not in there.
  virtual bool helps(const PodInfo& /*waiting*/, const Change&) const { return true; }
};

class PreEnqueuePlugin {
 public:
  virtual Verdict pre_enqueue(const PodInfo& pod) const = 0;
};

// What the order of the queue may depend on.
struct QueueOrder {
  std::int32_t priority = 0;
  Instant since;  // when the pod was added to the queue, the last time
};
class QueueSortPlugin {
 public:
  virtual bool less(const QueueOrder& a, const QueueOrder& b) const = 0;
};

struct PreFilterResult {
  Verdict verdict;
  std::unique_ptr<PluginState> state;
  // Only these nodes need be asked. The names may be of nodes that do not exist.
  std::optional<std::vector<std::string>> only;
};
class PreFilterPlugin {
 public:
  virtual PreFilterResult pre_filter(const PodInfo& pod) const = 0;
};

// For a PreFilter whose state holds what other pods mean for this one: if `other` came to the node (`by` 1), or left it (-1), then what? It
// changes copies of the state, and a copy sees changes of one node and is asked about that node alone.
class PreFilterExtensions {
 public:
  virtual void change(PluginState& state, const PodInfo& pod, const PodInfo& other, const NodeInfo& node, int by) const = 0;
};

// Why a node was refused. The texts must outlive the cycle: literals, or parts of the plugin's state.
using Reasons = std::vector<std::string_view>;

class FilterPlugin {
 public:
  // Adds to `reasons` when it refuses. `state` is what its own PreFilter left, nullptr for none.
  virtual Code filter(const PluginState* state, const PodInfo& pod, const NodeInfo& node, Reasons& reasons) const = 0;
};

// A node that was refused, and how.
struct Refusal {
  const NodeInfo* node;
  Code code;
};
// What a node would say to the pod with some pods gone.
class DryRun {
 public:
  virtual ~DryRun() = default;
  virtual const NodeInfo& node() const = 0;  // as it would be
  virtual void remove(const std::shared_ptr<const PodInfo>& pod) = 0;
  virtual void add(const std::shared_ptr<const PodInfo>& pod) = 0;
  // What the filters say. Adds to `reasons`.
  virtual Code filter(Reasons& reasons) = 0;
};

// How room could be made on a node.
struct Room {
  std::string node;
  std::vector<std::shared_ptr<const PodInfo>> victims;  // the more important first
  std::size_t budgets_violated = 0;                     // victims whose disruption budgets do not allow it
  std::vector<std::shared_ptr<const PodInfo>> on_node = {};  // all its pods, where others have a say
};

struct PostFilterRequest {
  const PodInfo& pod;
  std::span<const Refusal> refusals;  // of the nodes that were asked
  std::string_view nominated_node;    // "" when the pod waits for no node
  std::function<std::unique_ptr<DryRun>(const NodeInfo&)> try_on;
  Random& random;
  bool others_have_a_say = false;  // in which room is made: then only `rooms` is given back
};
struct PostFilterResult {
  // The reason becomes the end of the pod's message; success ends the questions.
  Verdict verdict;
  // The node where room is to be made, and which pods have to go for that; "" takes back an earlier nomination, nullopt leaves it.
  std::optional<std::string> nominate;
  std::vector<std::shared_ptr<const PodInfo>> victims = {};
  std::vector<Room> rooms = {};
};
class PostFilterPlugin {
 public:
  virtual PostFilterResult post_filter(const PostFilterRequest& request) const = 0;
  // For one that gives rooms back: what comes of those that the others have left, maybe none.
  virtual PostFilterResult choose(std::vector<Room> /*rooms*/) const { return {}; }
};

inline constexpr std::int64_t max_score = 100;

class ScorePlugin {
 public:
  // Skip: its score is not asked for this pod.
  virtual Code pre_score(const PodInfo& pod, std::span<const NodeInfo* const> nodes, std::unique_ptr<PluginState>& state) const;
  virtual std::int64_t score(const PluginState* state, const PodInfo& pod, const NodeInfo& node) const = 0;
  // Brings the scores of all nodes that were asked for into 0…max_score.
  virtual void normalise(std::span<std::int64_t> scores) const;
};
// Scales so that the best becomes max_score; reversed, the best becomes 0. Nothing but zeros stays, or becomes max_score when reversed.
void scale_to_best(std::span<std::int64_t> scores, bool reversed);

class ReservePlugin {
 public:
  virtual Verdict reserve(const PodInfo& pod, std::string_view node) = 0;
  // Also called for a plugin whose reserve() was not reached or refused.
  virtual void unreserve(const PodInfo& pod, std::string_view node) = 0;
};

class PermitPlugin {
 public:
  virtual Verdict permit(const PodInfo& pod, std::string_view node) = 0;
};

struct Progress {
  enum class Is : std::uint8_t { waiting, done, failed } is = Is::done;
  std::string why = {};  // it failed
};
class PreBindPlugin {
 public:
  // For a pod that has been reserved: what is to be written. nullopt: there is nothing to write nor to wait for, and progress() is not asked.
  virtual std::optional<std::vector<informer::Request>> pre_bind(const PodInfo& pod, std::string_view node) = 0;
  // Once all writes have been answered with these objects, and after each change of the caches until it is not waiting any more.
  virtual Progress progress(const PodInfo& pod, std::string_view node, std::span<const std::shared_ptr<const api::Object>> written) = 0;
  // How long to wait at most.
  virtual Duration patience() const = 0;
};

class BindPlugin {
 public:
  virtual bool binds(const PodInfo& pod) const = 0;
  // Calls `done` once, from any thread, also before it returns. Must not block: thousands are in flight.
  virtual void bind(informer::Client& client, const PodInfo& pod, std::string_view node, std::function<void(Status)> done) const = 0;
};

}  // namespace plumb::scheduler
