// Who owns whom, over all resources, by UID. Kept current by handlers, asked by the decision. Safe from any thread; each call costs what it
// touches, not what is stored.
#pragma once

#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "reference/informer/client.h"

namespace plumb::controllers::garbagecollector {

class Graph {
 public:
  struct Node {
    const informer::Resource* resource = nullptr;
    std::string key;
    std::vector<std::string> owners;  // UIDs
  };

  // Takes in one change, and gives the UIDs that it makes worth a look.
  std::vector<std::string> change(const informer::Resource& resource, const informer::ObjectPtr& before, const informer::ObjectPtr& after);
  std::optional<Node> find(const std::string& uid) const;
  // Nodes that name the UID as an owner, with their UIDs.
  std::vector<std::pair<std::string, Node>> dependents(const std::string& uid) const;
  bool has_dependents(const std::string& uid) const;

 private:
  void link(const std::string& uid, Node node);
  std::vector<std::string> unlink(const std::string& uid);  // the owners it had

  mutable std::mutex mutex_;
  // Under mutex_.
  std::unordered_map<std::string, Node> nodes_;
  std::unordered_map<std::string, std::unordered_set<std::string>> dependents_;
};

inline constexpr std::string_view foreground_finalizer = "foregroundDeletion", orphan_finalizer = "orphan";
bool has_finalizer(const api::Object& object, std::string_view name);
// Being deleted, and waits until its dependents are gone.
bool waits_for_dependents(const api::Object& object);
// Being deleted, and its dependents are to be let go of first.
bool orphans_dependents(const api::Object& object);

}  // namespace plumb::controllers::garbagecollector
