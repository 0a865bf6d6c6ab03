#include "reference/api/doc/document.h"

#include <algorithm>
#include <cstdlib>
#include <new>

#include "reference/api/doc/node.h"

namespace plumb::api {
namespace {

const Doc null_doc;

}  // namespace

Doc DocBuilder::make(Doc::Tag tag, const void* parts, std::size_t count, std::size_t bytes, std::uint32_t depth) {
  void* memory = std::malloc(sizeof(Doc::Node) + bytes);
  if (!memory) throw std::bad_alloc();
  auto* node = new (memory) Doc::Node;
  node->count = count;
  node->depth = depth;
  if (bytes) std::memcpy(node->data<char>(), parts, bytes);
  return Doc(tag, node);
}

std::uint32_t DocBuilder::deepest(const Doc* values, std::size_t count, std::size_t stride) {
  std::uint32_t depth = 0;
  for (std::size_t i = 0; i < count; ++i) {
    const Doc& value = values[i * stride];
    if (value.tag() >= Doc::Tag::array) depth = std::max(depth, value.node()->depth);
  }
  return depth;
}

void DocBuilder::sort(Doc::Member* members, std::size_t count) {
  constexpr std::size_t insertion_limit = 24;
  if (count > insertion_limit) {
    if (!std::is_sorted(members, members + count, before)) std::stable_sort(members, members + count, before);
    return;
  }
  for (std::size_t i = 1; i < count; ++i) {
    std::size_t at = i;
    while (at > 0 && before(members[i], members[at - 1])) --at;
    if (at == i) continue;
    Raw moved;
    std::memcpy(&moved, members + i, sizeof moved);
    std::memmove(static_cast<void*>(members + at + 1), members + at, (i - at) * sizeof(Doc::Member));
    std::memcpy(static_cast<void*>(members + at), &moved, sizeof moved);
  }
}

Doc DocBuilder::text(std::string_view text) { return make(Doc::Tag::string, text.data(), text.size(), text.size(), 0); }

Doc DocBuilder::take_array(Doc* items, std::size_t count) {
  return make(Doc::Tag::array, items, count, count * sizeof(Doc), 1 + deepest(items, count, 1));
}

namespace {

// Values on their way into a node: raw memory once the builder took them.
template <class T>
class Parts {
 public:
  explicit Parts(std::size_t capacity) : memory_(static_cast<T*>(std::malloc(std::max<std::size_t>(1, capacity) * sizeof(T)))) {
    if (!memory_) throw std::bad_alloc();
  }
  ~Parts() {
    for (std::size_t i = 0; i < count_; ++i) memory_[i].~T();
    std::free(memory_);
  }
  Parts(const Parts&) = delete;
  Parts& operator=(const Parts&) = delete;

  void add(T value) { new (memory_ + count_++) T(std::move(value)); }
  void add_all(std::span<const T> values) {
    for (const T& value : values) add(value);
  }
  T* take() {
    taken_ = std::exchange(count_, 0);
    return memory_;
  }
  std::size_t taken() const { return taken_; }

 private:
  T* memory_;
  std::size_t count_ = 0, taken_ = 0;
};

Doc to_array(Parts<Doc>& parts) {
  Doc* values = parts.take();
  return DocBuilder::take_array(values, parts.taken());
}

Doc to_object(Parts<Doc::Member>& parts) {
  Doc::Member* members = parts.take();
  return DocBuilder::take_object(members, parts.taken(), [](std::string_view) {});
}

}  // namespace

Doc::Doc(std::string_view text) {
  if (text.size() <= short_max) {
    clear();
    if (!text.empty()) std::memcpy(raw_, text.data(), text.size());
    raw_[14] = static_cast<char>(text.size());
    raw_[15] = static_cast<char>(Tag::short_string);
    return;
  }
  new (this) Doc(DocBuilder::text(text));
}

void Doc::swap(Doc& other) noexcept {
  char kept[sizeof raw_];
  std::memcpy(kept, raw_, sizeof raw_);
  std::memcpy(raw_, other.raw_, sizeof raw_);
  std::memcpy(other.raw_, kept, sizeof raw_);
}

void Doc::retain() const noexcept { node()->references.fetch_add(1, std::memory_order_relaxed); }

void Doc::release() const noexcept {
  Node* shared = node();
  if (shared->references.load(std::memory_order_acquire) != 1 && shared->references.fetch_sub(1, std::memory_order_acq_rel) != 1) return;
  if (tag() == Tag::array) {
    for (Doc& item : std::span(shared->data<Doc>(), shared->count)) item.~Doc();
  } else if (tag() == Tag::object) {
    for (Member& member : std::span(shared->data<Member>(), shared->count)) member.~Member();
  }
  std::free(shared);
}

Doc Doc::array(std::vector<Doc> items) {
  Parts<Doc> parts(items.size());
  for (Doc& item : items) parts.add(std::move(item));
  return to_array(parts);
}

Doc Doc::object(std::vector<std::pair<std::string, Doc>> members) {
  Parts<Member> parts(members.size());
  for (auto& [name, value] : members) parts.add(Member{Doc(name), std::move(value)});
  return to_object(parts);
}

Doc Doc::object(std::initializer_list<std::pair<std::string_view, Doc>> members) {
  Parts<Member> parts(members.size());
  for (const auto& [name, value] : members) parts.add(Member{Doc(name), value});
  return to_object(parts);
}

Doc::Kind Doc::kind() const {
  const auto value = static_cast<std::uint8_t>(tag());
  return static_cast<Kind>(tag() <= Tag::short_string ? value : value - 1);
}

bool Doc::as_bool() const { return tag() == Tag::boolean && get<std::int64_t>() != 0; }
std::int64_t Doc::as_int() const { return tag() == Tag::integer ? get<std::int64_t>() : 0; }
double Doc::as_double() const {
  if (tag() == Tag::number) return get<double>();
  return static_cast<double>(as_int());
}

std::string_view Doc::as_string() const {
  if (tag() == Tag::short_string) return {raw_, static_cast<std::size_t>(raw_[14])};
  if (tag() == Tag::string) return {node()->data<char>(), node()->count};
  return {};
}

std::size_t Doc::size() const { return tag() >= Tag::array ? node()->count : 0; }
std::size_t Doc::depth() const { return tag() >= Tag::array ? node()->depth : 0; }

std::span<const Doc> Doc::items() const {
  if (tag() != Tag::array) return {};
  return {node()->data<Doc>(), node()->count};
}

std::span<const Doc::Member> Doc::members() const {
  if (tag() != Tag::object) return {};
  return {node()->data<Member>(), node()->count};
}

const Doc* Doc::find(std::string_view name) const {
  const auto all = members();
  const auto at = std::lower_bound(all.begin(), all.end(), name, [](const Member& member, std::string_view key) { return member.name() < key; });
  return at != all.end() && at->name() == name ? &at->value : nullptr;
}

const Doc& Doc::operator[](std::string_view name) const {
  const Doc* found = find(name);
  return found ? *found : null_doc;
}

Doc Doc::with(std::string_view name, Doc value) const {
  const auto all = members();
  Parts<Member> parts(all.size() + 1);
  auto at = all.begin();
  for (; at != all.end() && at->name() < name; ++at) parts.add(*at);
  if (at != all.end() && at->name() == name) {
    parts.add(Member{at->key, std::move(value)});
    ++at;
  } else {
    parts.add(Member{Doc(name), std::move(value)});
  }
  parts.add_all({at, all.end()});
  return to_object(parts);
}

Doc Doc::without(std::string_view name) const {
  const auto all = members();
  if (is_object() && !find(name)) return *this;
  Parts<Member> parts(all.size());
  for (const Member& member : all)
    if (member.name() != name) parts.add(member);
  return to_object(parts);
}

Doc Doc::with_item(std::size_t index, Doc value) const {
  const auto all = items();
  Parts<Doc> parts(all.size());
  parts.add_all(all.first(index));
  parts.add(std::move(value));
  parts.add_all(all.subspan(index + 1));
  return to_array(parts);
}

Doc Doc::inserted(std::size_t index, Doc value) const {
  const auto all = items();
  Parts<Doc> parts(all.size() + 1);
  parts.add_all(all.first(index));
  parts.add(std::move(value));
  parts.add_all(all.subspan(index));
  return to_array(parts);
}

Doc Doc::without_item(std::size_t index) const {
  const auto all = items();
  Parts<Doc> parts(all.size());
  parts.add_all(all.first(index));
  parts.add_all(all.subspan(index + 1));
  return to_array(parts);
}

bool operator==(const Doc& left, const Doc& right) {
  using Kind = Doc::Kind;
  if (left.same(right)) return left.kind() != Kind::number || left.as_double() == left.as_double();
  const Kind kind = left.kind();
  if (kind != right.kind()) {
    const bool numeric = (kind == Kind::integer && right.kind() == Kind::number) || (kind == Kind::number && right.kind() == Kind::integer);
    return numeric && left.as_double() == right.as_double();
  }
  switch (kind) {
    case Kind::number:
      return left.as_double() == right.as_double();
    case Kind::string:
      return left.as_string() == right.as_string();
    case Kind::array:
      return std::equal(left.items().begin(), left.items().end(), right.items().begin(), right.items().end());
    case Kind::object:
      return std::equal(left.members().begin(), left.members().end(), right.members().begin(), right.members().end(),
                        [](const Doc::Member& a, const Doc::Member& b) { return a.name() == b.name() && a.value == b.value; });
    default:
      return false;
  }
}

}  // namespace plumb::api
