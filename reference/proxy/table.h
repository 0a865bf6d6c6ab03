// The wanted content of a node's nftables table, and how it is reached from what the kernel holds: one transaction from the parts that have
// changed, or the whole. No I/O. One thread at a time.
#pragma once

#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "harness/base/clock.h"
#include "harness/base/string_map.h"
#include "reference/proxy/part.h"
#include "reference/proxy/rules.h"

namespace plumb::proxy {

class Table {
 public:
  // Nothing is in the kernel: the table has to be made anew, by whole().
  explicit Table(NodeRules node) : node_(std::move(node)) {}

  const NodeRules& node() const { return node_; }
  // The table has to be made anew, and the parts to be decided anew before that.
  void set_node(NodeRules node) {
    node_ = std::move(node);
    anew_ = true;
  }
  // Whether whole() is next; so it is after a transaction that failed, which has to be told.
  bool has_to_be_made_anew() const { return anew_; }
  void make_anew() { anew_ = true; }

  // What the owner contributes from now on; an empty part takes it away. Once an owner between two transactions. Of two parts none may have
  // the same key in a map; a key in a set may stand in many.
  void replace(std::string_view owner, Part part);
  const Part& part(std::string_view owner) const;
  bool has(std::string_view owner) const { return parts_.find(owner) != parts_.end(); }
  std::vector<std::string> owners() const;

  // The commands for nft that bring the kernel from the last transaction to here; "" where nothing has changed. `now` is when they are
  // carried out.
  std::string take_changes(Instant now);
  // The commands that make the table anew, whatever is there.
  std::string whole();
  // Chains that nothing uses any more are emptied with the changes, and deleted by commands of their own a second later: kernels before 6.2
  // still see references to them for a moment. "" where there is none. They come again until forget_stale().
  std::string delete_stale(Instant now) const;
  void forget_stale(Instant now);

  std::size_t element_count() const;

 private:
  struct SharedChain {
    std::vector<std::string> rules;
    int uses = 0;
  };
  struct Before {
    bool there;
    std::vector<std::string> rules;
  };

  void compare_elements(const Part& before, const Part& after);
  void compare_slots(const Part& before, const Part& after);
  void slot_changes(const SlotPrefix& prefix, const std::vector<Target>& before, const std::vector<Target>& after);
  void compare_chains(const Part& before, const Part& after);
  void compare_affinity(const Part& before, const Part& after);
  void count_in_set(Container in, const std::string& key, int change);
  void forget_changes();
  void write_chains(std::string& head, std::string& tail, Instant now);
  void write_sets(std::string& deletes, std::string& adds);
  bool is_stale(Instant since, Instant now) const { return now - since >= std::chrono::seconds(1); }

  NodeRules node_;
  bool anew_ = true;
  StringMap<Part> parts_;
  StringMap<SharedChain> chains_;
  std::array<StringMap<int>, container_count> uses_;  // of the sets' keys
  // Since the last transaction.
  std::array<std::string, container_count> deleted_, added_;
  StringMap<Before> touched_chains_;
  std::array<StringMap<bool>, container_count> touched_keys_;  // whether the kernel has them
  std::vector<AffinitySet> new_sets_, old_sets_;
  StringMap<Instant> stale_;  // emptied chains that the kernel still has
};

}  // namespace plumb::proxy
