// The wanted content of one nftables table, and how it is reached from what the kernel holds: one transaction of what has changed, or the whole. No
// I/O. One thread at a time.
//
// One look-up a packet in each direction: `egress-pods` and `ingress-pods` lead the address of an isolated pod of this node to a chain. The
// chain returns what it allows and drops the rest; pods that policies treat alike share it. What selectors mean are sets, shared by all
// chains. Packets of connections that exist, and those of a pod to itself, pass first.
#pragma once

#include <array>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "harness/base/clock.h"
#include "harness/base/string_map.h"
#include "reference/api/text/ip.h"
#include "reference/policy/rules.h"

namespace plumb::policy {

inline constexpr char known_pods[] = "pods", own_pairs[] = "itself";  // sets that are always there

// Addresses of these ranges that are not in the set `pods` belong to pods that the API does not show an address of yet.
struct Guard {
  std::vector<std::string> ranges;       // of this node's pods
  bool ingress = false, egress = false;  // whether their traffic waits
  friend bool operator==(const Guard&, const Guard&) = default;
};

std::string policy_table(Family family);  // "ip network-policy"

class Ruleset {
 public:
  // Nothing is in the kernel: whole() is next.
  explicit Ruleset(Family family);

  bool has_to_be_made_anew() const { return anew_; }
  void make_anew() { anew_ = true; }

  // Names of sets and chains are never used again for others.
  void add_set(const std::string& name, bool with_ports);
  void drop_set(const std::string& name);
  // An element is there as long as it is counted more often in than out.
  void count(const std::string& set, const std::string& element, int change);
  void add_chain(const std::string& name, std::vector<std::string> rules);
  void drop_chain(const std::string& name);
  // "" takes the address off the map.
  void lead(Direction direction, const std::string& address, const std::string& chain);
  void set_guard(Guard guard);

  // "" where nothing has changed.
  std::string take_changes(Instant now);
  std::string whole();
  // Chains that nothing uses any more are emptied with the changes, and deleted by commands of their own a second later: kernels before 6.2
  // still see references to them for a moment. "" where there is none. They come again until forget_stale().
  std::string delete_stale(Instant now) const;
  void forget_stale(Instant now);

  std::size_t element_count() const;

 private:
  struct Set {
    bool with_ports = false, pairs = false;
    bool there = false;         // in the kernel
    StringMap<int> counts;
    std::map<std::string, bool> touched;  // whether the kernel has them; in order, so that equal changes read equal
  };
  struct Chain {
    std::vector<std::string> rules;
    bool there = false;
  };
  struct Map {
    std::map<std::string, std::string, std::less<>> chains;   // by address
    std::map<std::string, std::string, std::less<>> touched;  // what the kernel has
  };

  std::string command(std::string_view what, const std::string& name, const std::string& rest = {}) const;
  std::string set_definition(const std::string& name, const Set& set) const;
  void write_elements(std::string& out, const std::string& name, Set& set) const;
  void write_map(std::string& out, Direction direction);
  void write_chain(std::string& out, const std::string& name, const Chain& chain) const;
  void write_guard(std::string& out) const;
  void forget_changes();

  const Family family_;
  const std::string table_;
  bool anew_ = true;
  std::map<std::string, Set> sets_;
  std::map<std::string, Chain> chains_;
  std::array<Map, 2> maps_;
  Guard guard_;
  // Since the last transaction.
  std::set<std::string> touched_sets_, new_chains_, old_chains_, old_sets_;
  bool guard_changed_ = false;
  std::map<std::string, Instant> stale_;  // emptied chains that the kernel still has
};

}  // namespace plumb::policy
