#include "reference/api/cel/type.h"

namespace plumb::cel {

Type Type::object(std::string name, Fields fields) {
  Type made(Kind::object);
  made.name_ = std::move(name);
  made.fields_ = std::make_shared<const Fields>(std::move(fields));
  return made;
}

const Type* Type::field(std::string_view name) const {
  if (!fields_) return nullptr;
  const auto found = fields_->find(name);
  return found == fields_->end() ? nullptr : &found->second;
}

bool Type::may_be(const Type& other) const {
  if (is_dyn() || other.is_dyn()) return true;
  // Values of object types are maps.
  const auto base = [](Kind kind) { return kind == Kind::object ? Kind::map : kind; };
  if (base(kind_) != base(other.kind_)) return false;
  if (is(Kind::object) && other.is(Kind::object)) return name_ == other.name_;
  return !element_ || !other.element_ || element_->may_be(*other.element_);
}

Type Type::either(const Type& a, const Type& b) {
  if (a.kind_ != b.kind_ || a.name_ != b.name_) return Kind::dyn;
  if (!a.element_ || !b.element_) return a.element_ ? b : a;
  return {a.kind_, either(*a.element_, *b.element_)};
}

std::string Type::describe() const {
  switch (kind_) {
    case Kind::object: return name_;
    case Kind::list: return "list(" + element().describe() + ")";
    case Kind::map: return "map(dyn, " + element().describe() + ")";
    case Kind::optional: return "optional_type(" + element().describe() + ")";
    case Kind::null: return "null";
    default: return std::string(to_string(kind_));
  }
}

}  // namespace plumb::cel
