// The types that an expression is checked against before it is ever evaluated.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "reference/api/cel/value.h"

namespace plumb::cel {

// What is known of a value beforehand. `dyn` may turn out to be anything; so may what lists and maps hold when that is not said.
class Type {
 public:
  Type(Kind kind) : kind_(kind) {}
  static Type list(Type element) { return {Kind::list, std::move(element)}; }
  static Type map(Type value) { return {Kind::map, std::move(value)}; }  // keys are not said
  static Type optional(Type held) { return {Kind::optional, std::move(held)}; }
  // A map with these members and no others. Members may be absent in a value.
  static Type object(std::string name, std::map<std::string, Type, std::less<>> fields);

  Kind kind() const { return kind_; }
  bool is(Kind kind) const { return kind_ == kind; }
  bool is_dyn() const { return kind_ == Kind::dyn; }
  // Of what a list, a map or an optional value holds.
  Type element() const { return element_ ? *element_ : Type(Kind::dyn); }
  // nullptr when the object has no such member.
  const Type* field(std::string_view name) const;
  // Whether a value of this type may be one of the other.
  bool may_be(const Type& other) const;
  // The type of what may be either.
  static Type either(const Type& a, const Type& b);
  std::string describe() const;

 private:
  using Fields = std::map<std::string, Type, std::less<>>;
  Type(Kind kind, Type element) : kind_(kind), element_(std::make_shared<const Type>(std::move(element))) {}
  Kind kind_;
  std::shared_ptr<const Type> element_;
  std::shared_ptr<const Fields> fields_;
  std::string name_;  // of an object
};

}  // namespace plumb::cel
