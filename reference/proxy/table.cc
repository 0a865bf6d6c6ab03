#include "reference/proxy/table.h"

#include <algorithm>

namespace plumb::proxy {
namespace {

std::size_t index_of(Container container) { return static_cast<std::size_t>(container); }

void append(std::string& list, std::string_view key, std::string_view value = {}) {
  if (!list.empty()) list += ", ";
  list += key;
  if (!value.empty()) list.append(" : ").append(value);
}

std::string slot_key(const SlotPrefix& prefix, std::size_t slot) { return prefix.key + " . " + std::to_string(slot + (prefix.local ? first_local_slot : 0)); }
std::string text_of(const Target& target) { return target.ip.text() + " . " + std::to_string(target.port); }

std::string on_elements(std::string_view verb, const std::string& table, Container in, const std::string& list) {
  return std::string(verb).append(" element ").append(table).append(" ").append(name_of(in)).append(" { ").append(list).append(" }\n");
}

std::string add_set(const std::string& table, const AffinitySet& set) {
  return "add set " + table + " " + set.name + " { type " + (table.starts_with("ip6") ? "ipv6_addr" : "ipv4_addr") + "; flags dynamic,timeout; timeout " +
         std::to_string(set.seconds) + "s; }\n";
}

// Calls gone(item) for what is in `before` alone and came(item) for what is in `after` alone; both are ordered.
template <class T, class Gone, class Came>
void compare_ordered(const std::vector<T>& before, const std::vector<T>& after, Gone gone, Came came) {
  auto a = before.begin();
  auto b = after.begin();
  while (a != before.end() || b != after.end()) {
    if (b == after.end() || (a != before.end() && *a < *b)) {
      gone(*a++);
    } else if (a == before.end() || *b < *a) {
      came(*b++);
    } else {
      ++a;
      ++b;
    }
  }
}

}  // namespace

const Part& Table::part(std::string_view owner) const {
  static const Part none;
  const auto found = parts_.find(owner);
  return found == parts_.end() ? none : found->second;
}

std::vector<std::string> Table::owners() const {
  std::vector<std::string> owners;
  owners.reserve(parts_.size());
  for (const auto& [owner, part] : parts_) owners.push_back(owner);
  return owners;
}

void Table::replace(std::string_view owner, Part part) {
  const Part& before = this->part(owner);
  compare_chains(before, part);
  compare_affinity(before, part);
  compare_elements(before, part);
  if (!anew_) compare_slots(before, part);
  if (part.empty()) {
    if (const auto found = parts_.find(owner); found != parts_.end()) parts_.erase(found);
  } else {
    parts_.insert_or_assign(std::string(owner), std::move(part));
  }
}

void Table::count_in_set(Container in, const std::string& key, int change) {
  int& uses = uses_[index_of(in)][key];
  touched_keys_[index_of(in)].try_emplace(key, uses > 0);
  uses += change;
}

void Table::compare_elements(const Part& before, const Part& after) {
  compare_ordered(
      before.elements, after.elements,
      [this](const Element& gone) {
        if (is_set(gone.in)) return count_in_set(gone.in, gone.key, -1);
        if (!anew_) append(deleted_[index_of(gone.in)], gone.key);
      },
      [this](const Element& came) {
        if (is_set(came.in)) return count_in_set(came.in, came.key, 1);
        if (!anew_) append(added_[index_of(came.in)], came.key, came.value);
      });
}

void Table::compare_slots(const Part& before, const Part& after) {
  static const std::vector<Target> none;
  const auto slots = [](const Part& part, const SlotPrefix& prefix) -> const std::vector<Target>& { return prefix.local ? part.local : part.cluster; };
  for (const SlotPrefix& prefix : after.prefixes) {
    const bool kept = std::binary_search(before.prefixes.begin(), before.prefixes.end(), prefix);
    slot_changes(prefix, kept ? slots(before, prefix) : none, slots(after, prefix));
  }
  for (const SlotPrefix& prefix : before.prefixes)
    if (!std::binary_search(after.prefixes.begin(), after.prefixes.end(), prefix)) slot_changes(prefix, slots(before, prefix), none);
}

void Table::slot_changes(const SlotPrefix& prefix, const std::vector<Target>& before, const std::vector<Target>& after) {
  for (std::size_t slot = 0; slot < std::max(before.size(), after.size()); ++slot) {
    if (slot < before.size() && slot < after.size() && before[slot] == after[slot]) continue;
    const std::string key = slot_key(prefix, slot);
    if (slot < before.size()) append(deleted_[index_of(prefix.in)], key);
    if (slot < after.size()) append(added_[index_of(prefix.in)], key, text_of(after[slot]));
  }
}

void Table::compare_chains(const Part& before, const Part& after) {
  const auto touch = [this](const std::string& name) -> SharedChain& {
    SharedChain& chain = chains_[name];
    touched_chains_.try_emplace(name, Before{chain.uses > 0, chain.rules});
    return chain;
  };
  // First what comes: a chain that goes from one part to another is not taken for gone.
  for (const Chain& came : after.chains) {
    SharedChain& chain = touch(came.name);
    ++chain.uses;
    if (chain.rules != came.rules) chain.rules = came.rules;
  }
  for (const Chain& gone : before.chains) --touch(gone.name).uses;
}

void Table::compare_affinity(const Part& before, const Part& after) {
  compare_ordered(
      before.affinity, after.affinity, [this](const AffinitySet& gone) { old_sets_.push_back(gone); }, [this](const AffinitySet& came) { new_sets_.push_back(came); });
}

// Chains are made before anything leads to them, and emptied when nothing does any more.
void Table::write_chains(std::string& head, std::string& tail, Instant now) {
  const std::string table = table_name(node_.family);
  std::string rules;
  for (const auto& [name, before] : touched_chains_) {
    const auto found = chains_.find(name);
    const bool there = found->second.uses > 0;
    if (there && (!before.there || before.rules != found->second.rules)) {
      if (!before.there && stale_.erase(name) == 0) head += "add chain " + table + " " + name + "\n";
      if (before.there) rules += "flush chain " + table + " " + name + "\n";
      for (const std::string& rule : found->second.rules) rules += "add rule " + table + " " + name + " " + rule + "\n";
    }
    if (!there && before.there) {
      tail += "flush chain " + table + " " + name + "\n";
      stale_[name] = now;
    }
    if (!there) chains_.erase(found);
  }
  head += rules;
}

void Table::write_sets(std::string& deletes, std::string& adds) {
  const std::string table = table_name(node_.family);
  for (std::size_t i = 0; i < container_count; ++i) {
    for (const auto& [key, there] : touched_keys_[i]) {
      const auto found = uses_[i].find(key);
      const bool wanted = found->second > 0;
      if (there && !wanted) append(deleted_[i], key);
      if (!there && wanted) append(added_[i], key);
      if (!wanted) uses_[i].erase(found);
    }
    if (!deleted_[i].empty()) deletes += on_elements("delete", table, Container(i), deleted_[i]);
    if (!added_[i].empty()) adds += on_elements("add", table, Container(i), added_[i]);
  }
}

std::string Table::take_changes(Instant now) {
  const std::string table = table_name(node_.family);
  // A set whose timeout changes is another set: nft changes none in place. Its rules are written anew below, so it has to go first.
  std::string emptied, head, deletes, adds, tail;
  for (const AffinitySet& set : old_sets_) {
    const bool again = std::any_of(new_sets_.begin(), new_sets_.end(), [&](const AffinitySet& other) { return other.name == set.name; });
    (again ? emptied : tail) += "delete set " + table + " " + set.name + "\n";
  }
  if (!emptied.empty()) {
    // What refers to such a set must be empty before it goes.
    std::string flushes;
    for (auto& [name, before] : touched_chains_) {
      if (!before.there || name.find('/') == std::string::npos) continue;
      flushes += "flush chain " + table + " " + name + "\n";
      before.rules.clear();
    }
    emptied.insert(0, flushes);
  }
  std::string gone = std::move(tail);
  tail.clear();
  for (const AffinitySet& set : new_sets_) head += add_set(table, set);
  write_chains(head, tail, now);
  write_sets(deletes, adds);
  forget_changes();
  return emptied + head + deletes + adds + tail + gone;
}

void Table::forget_changes() {
  for (std::size_t i = 0; i < container_count; ++i) {
    deleted_[i] = std::string();
    added_[i] = std::string();
    touched_keys_[i] = {};
  }
  touched_chains_.clear();
  new_sets_.clear();
  old_sets_.clear();
}

std::string Table::whole() {
  const std::string table = table_name(node_.family);
  for (auto uses = chains_.begin(); uses != chains_.end();) uses = uses->second.uses > 0 ? std::next(uses) : chains_.erase(uses);
  forget_changes();
  stale_.clear();
  anew_ = false;
  std::string text = base_table(node_);
  for (const auto& [owner, part] : parts_)
    for (const AffinitySet& set : part.affinity) text += add_set(table, set);
  for (const auto& [name, chain] : chains_) text += "add chain " + table + " " + name + "\n";
  for (const auto& [name, chain] : chains_)
    for (const std::string& rule : chain.rules) text += "add rule " + table + " " + name + " " + rule + "\n";
  for (std::size_t i = 0; i < container_count; ++i) {
    for (auto uses = uses_[i].begin(); uses != uses_[i].end();) {
      if (uses->second > 0) append(added_[i], uses->first);
      uses = uses->second > 0 ? std::next(uses) : uses_[i].erase(uses);
    }
  }
  for (const auto& [owner, part] : parts_) {
    for (const Element& element : part.elements)
      if (!is_set(element.in)) append(added_[index_of(element.in)], element.key, element.value);
    for (const SlotPrefix& prefix : part.prefixes) slot_changes(prefix, {}, prefix.local ? part.local : part.cluster);
  }
  for (std::size_t i = 0; i < container_count; ++i) {
    if (!added_[i].empty()) text += on_elements("add", table, Container(i), added_[i]);
    added_[i] = std::string();
  }
  return text;
}

std::string Table::delete_stale(Instant now) const {
  std::string text;
  for (const auto& [name, since] : stale_)
    if (is_stale(since, now)) text += "delete chain " + table_name(node_.family) + " " + name + "\n";
  return text;
}

void Table::forget_stale(Instant now) {
  for (auto one = stale_.begin(); one != stale_.end();) one = is_stale(one->second, now) ? stale_.erase(one) : std::next(one);
}

std::size_t Table::element_count() const {
  std::size_t count = 0;
  for (const auto& uses : uses_) count += uses.size();
  for (const auto& [owner, part] : parts_) {
    for (const Element& element : part.elements) count += !is_set(element.in);
    for (const SlotPrefix& prefix : part.prefixes) count += (prefix.local ? part.local : part.cluster).size();
  }
  return count;
}

}  // namespace plumb::proxy
