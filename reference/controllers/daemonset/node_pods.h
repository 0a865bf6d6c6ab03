// A DaemonSet's pods by the node that each is on or meant for, and which nodes should have one: what the parts of the decision share.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "reference/controllers/daemonset/decide.h"
#include "reference/controllers/daemonset/placement.h"

namespace plumb::controllers::daemonset {

// Changes to pods; deletions by UID stay apart from those of other pods of that name.
struct Changes {
  std::vector<std::string_view> create_on;
  std::vector<PodPtr> remove;
  std::vector<Event> events;
  std::vector<std::string> failed_on;
  std::optional<Duration> again;
  bool none() const { return create_on.empty() && remove.empty(); }
  void come_again(Duration delay) {
    if (!again || delay < *again) again = delay;
  }
};

class NodePods {
 public:
  // Pods that ended and are being deleted are left out: nothing is to be done about them.
  explicit NodePods(const Observed& observed);

  struct Place {
    const corev1::Node* node = nullptr;  // nullptr: pods are meant for a node that is not there
    Verdict verdict;
    std::vector<PodPtr> pods;  // bound before unbound, then oldest first
  };
  const std::map<std::string_view, Place>& places() const { return places_; }
  std::int32_t desired() const { return desired_; }

 private:
  std::map<std::string_view, Place> places_;
  std::int32_t desired_ = 0;  // nodes that should have a pod
};

// The rolling update, for a set whose nodes have as many pods as they should.
Changes roll(const appsv1::DaemonSet& set, const NodePods& pods, std::string_view hash, const Now& now);
bool allows_surge(const appsv1::DaemonSet& set);

}  // namespace plumb::controllers::daemonset
