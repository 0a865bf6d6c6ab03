#include "reference/policy/ruleset.h"

namespace plumb::policy {
namespace {

const char* map_name(Direction direction) { return direction == Direction::ingress ? "ingress-pods" : "egress-pods"; }
const char* guard_name(Direction direction) { return direction == Direction::ingress ? "new-ingress" : "new-egress"; }
constexpr std::array<Direction, 2> egress_first = {Direction::egress, Direction::ingress};

void append(std::string& list, std::string_view key, std::string_view value = {}) {
  if (!list.empty()) list += ", ";
  list += key;
  if (!value.empty()) list.append(" : jump ").append(value);
}

}  // namespace

std::string policy_table(Family family) { return family == Family::ipv4 ? "ip network-policy" : "ip6 network-policy"; }

Ruleset::Ruleset(Family family) : family_(family), table_(policy_table(family)) {
  sets_[known_pods];
  sets_[own_pairs].pairs = true;
}

std::string Ruleset::command(std::string_view what, const std::string& name, const std::string& rest) const {
  return std::string(what).append(" ").append(table_).append(" ").append(name).append(rest.empty() ? "" : " ").append(rest).append("\n");
}

void Ruleset::add_set(const std::string& name, bool with_ports) {
  sets_[name].with_ports = with_ports;
  touched_sets_.insert(name);
}

void Ruleset::drop_set(const std::string& name) {
  const auto found = sets_.find(name);
  if (found == sets_.end()) return;
  if (found->second.there) old_sets_.insert(name);
  sets_.erase(found);
  touched_sets_.erase(name);
}

void Ruleset::count(const std::string& set, const std::string& element, int change) {
  const auto found = sets_.find(set);
  if (found == sets_.end()) return;
  int& uses = found->second.counts[element];
  found->second.touched.try_emplace(element, uses > 0);
  uses += change;
  touched_sets_.insert(set);
}

void Ruleset::add_chain(const std::string& name, std::vector<std::string> rules) {
  chains_[name].rules = std::move(rules);
  new_chains_.insert(name);
}

void Ruleset::drop_chain(const std::string& name) {
  const auto found = chains_.find(name);
  if (found == chains_.end()) return;
  if (found->second.there) old_chains_.insert(name);
  new_chains_.erase(name);
  chains_.erase(found);
}

void Ruleset::lead(Direction direction, const std::string& address, const std::string& chain) {
  Map& map = maps_[index_of(direction)];
  const auto found = map.chains.find(address);
  const std::string before = found == map.chains.end() ? std::string() : found->second;
  if (before == chain) return;
  map.touched.try_emplace(address, before);
  if (chain.empty()) map.chains.erase(found);
  else map.chains[address] = chain;
}

void Ruleset::set_guard(Guard guard) {
  if (guard == guard_) return;
  guard_ = std::move(guard);
  guard_changed_ = true;
}

std::string Ruleset::set_definition(const std::string& name, const Set& set) const {
  const std::string address = family_ == Family::ipv4 ? "ipv4_addr" : "ipv6_addr";
  return command("add set", name, "{ type " + address + (set.with_ports ? " . inet_service" : set.pairs ? " . " + address : "") + "; }");
}

void Ruleset::write_elements(std::string& out, const std::string& name, Set& set) const {
  std::string deleted, added;
  for (const auto& [element, there] : set.touched) {
    const auto found = set.counts.find(element);
    const bool wanted = found->second > 0;
    if (there && !wanted) append(deleted, element);
    if (!there && wanted) append(added, element);
    if (!wanted) set.counts.erase(found);
  }
  set.touched.clear();
  if (!deleted.empty()) out += command("delete element", name, "{ " + deleted + " }");
  if (!added.empty()) out += command("add element", name, "{ " + added + " }");
}

void Ruleset::write_map(std::string& out, Direction direction) {
  Map& map = maps_[index_of(direction)];
  std::string deleted, added;
  for (const auto& [address, before] : map.touched) {
    const auto found = map.chains.find(address);
    const std::string after = found == map.chains.end() ? std::string() : found->second;
    if (before == after) continue;
    if (!before.empty()) append(deleted, address);
    if (!after.empty()) append(added, address, after);
  }
  map.touched.clear();
  if (!deleted.empty()) out += command("delete element", map_name(direction), "{ " + deleted + " }");
  if (!added.empty()) out += command("add element", map_name(direction), "{ " + added + " }");
}

void Ruleset::write_chain(std::string& out, const std::string& name, const Chain& chain) const {
  out += command("add chain", name);
  for (const std::string& rule : chain.rules) out += command("add rule", name, rule);
  out += command("add rule", name, "drop");
}

void Ruleset::write_guard(std::string& out) const {
  const std::string ip = family_ == Family::ipv4 ? "ip " : "ip6 ";
  for (const Direction direction : egress_first) {
    if (!(direction == Direction::ingress ? guard_.ingress : guard_.egress)) continue;
    const std::string address = ip + (direction == Direction::ingress ? "daddr " : "saddr ");
    for (const std::string& range : guard_.ranges) out += command("add rule", guard_name(direction), address + range + " " + address + "!= @" + known_pods + " drop");
  }
}

std::string Ruleset::take_changes(Instant now) {
  std::string out;
  // A set before its rules, a chain before what leads to it, and the other way round at their ends.
  for (const std::string& name : touched_sets_) {
    Set& set = sets_.at(name);
    if (!set.there) out += set_definition(name, set);
    set.there = true;
    write_elements(out, name, set);
  }
  for (const std::string& name : new_chains_) {
    Chain& chain = chains_.at(name);
    write_chain(out, name, chain);
    chain.there = true;
  }
  for (const Direction direction : egress_first) write_map(out, direction);
  if (guard_changed_) {
    for (const Direction direction : egress_first) out += command("flush chain", guard_name(direction));
    write_guard(out);
  }
  for (const std::string& name : old_chains_) {
    out += command("flush chain", name);
    stale_[name] = now;
  }
  for (const std::string& name : old_sets_) out += command("delete set", name);
  forget_changes();
  return out;
}

std::string Ruleset::whole() {
  std::string out = "add table " + table_ + "\ndelete table " + table_ + "\nadd table " + table_ + "\n";
  const std::string ip = family_ == Family::ipv4 ? "ip" : "ip6", address = family_ == Family::ipv4 ? "ipv4_addr" : "ipv6_addr";
  for (auto& [name, set] : sets_) {
    out += set_definition(name, set);
    std::erase_if(set.counts, [](const auto& one) { return one.second <= 0; });
    set.touched.clear();
    std::string list;
    for (const auto& [element, uses] : set.counts) append(list, element);
    if (!list.empty()) out += command("add element", name, "{ " + list + " }");
    set.there = true;
  }
  for (auto& [name, chain] : chains_) {
    write_chain(out, name, chain);
    chain.there = true;
  }
  for (const Direction direction : egress_first) {
    Map& map = maps_[index_of(direction)];
    out += command("add map", map_name(direction), "{ type " + address + " : verdict; }");
    out += command("add chain", guard_name(direction));
    std::string list;
    for (const auto& [at, chain] : map.chains) append(list, at, chain);
    if (!list.empty()) out += command("add element", map_name(direction), "{ " + list + " }");
    map.touched.clear();
  }
  write_guard(out);
  out += command("add chain", "filter", "{ type filter hook forward priority 0; policy accept; }");
  out += command("add rule", "filter", "ct state established,related accept");
  out += command("add rule", "filter", ip + " saddr . " + ip + " daddr @" + own_pairs + " accept");
  out += command("add rule", "filter", ip + " saddr vmap @egress-pods");
  out += command("add rule", "filter", "jump new-egress");
  out += command("add rule", "filter", ip + " daddr vmap @ingress-pods");
  out += command("add rule", "filter", "jump new-ingress");
  forget_changes();
  stale_.clear();
  anew_ = false;
  return out;
}

void Ruleset::forget_changes() {
  touched_sets_.clear();
  new_chains_.clear();
  old_chains_.clear();
  old_sets_.clear();
  guard_changed_ = false;
}

std::string Ruleset::delete_stale(Instant now) const {
  std::string out;
  for (const auto& [name, since] : stale_)
    if (now - since >= std::chrono::seconds(1)) out += command("delete chain", name);
  return out;
}

void Ruleset::forget_stale(Instant now) {
  std::erase_if(stale_, [&](const auto& one) { return now - one.second >= std::chrono::seconds(1); });
}

std::size_t Ruleset::element_count() const {
  std::size_t count = maps_[0].chains.size() + maps_[1].chains.size();
  for (const auto& [name, set] : sets_) count += set.counts.size();
  return count;
}

}  // namespace plumb::policy
