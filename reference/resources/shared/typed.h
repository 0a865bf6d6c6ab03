// A resource whose rules are written against its own struct: the hooks below are Resource's, without casts, each on top of the common rule.
#pragma once

#include <vector>

#include "reference/resources/resource.h"

namespace plumb::resources {

template <class T>
class Typed : public Plain<T> {
  using Base = Plain<T>;
  static const T& of(const api::Object& object) { return static_cast<const T&>(object); }
  static T& of(api::Object& object) { return static_cast<T&>(object); }

 public:
  using Base::Base;
  void set_defaults(api::Object& object) const final {
    defaults(of(object));
    Base::set_defaults(object);
  }
  void prepare_for_create(api::Object& object) const final {
    if (!keeps_status_at_create()) Base::prepare_for_create(object);
    on_create(of(object));
  }
  void prepare_for_update(api::Object& next, const api::Object& previous) const final {
    Base::prepare_for_update(next, previous);
    on_update(of(next), of(previous));
  }
  void prepare_for_status_update(api::Object& next, const api::Object& previous) const final {
    Base::prepare_for_status_update(next, previous);
    on_status_update(of(next), of(previous));
  }
  void prepare_for_subresource_update(std::string_view subresource, api::Object& next, const api::Object& previous) const final {
    on_subresource_update(subresource, of(next), of(previous));
  }
  void validate_subresource_update(std::string_view subresource, const api::Object& next, const api::Object& previous, FieldErrors& errors) const final {
    check_subresource_update(subresource, of(next), of(previous), errors);
  }
  void validate(const api::Object& object, FieldErrors& errors) const final { check(of(object), errors); }
  void validate_update(const api::Object& next, const api::Object& previous, FieldErrors& errors) const final {
    check_update(of(next), of(previous), errors);
  }
  void validate_status_update(const api::Object& next, const api::Object& previous, FieldErrors& errors) const final {
    check_status_update(of(next), of(previous), errors);
  }
  ScaleView scale(const api::Object& object) const final { return scale_of(of(object)); }
  void set_scale(api::Object& object, std::int32_t replicas) const final { scale_to(of(object), replicas); }
  std::vector<SelectableField> selectable_fields(const api::Object& object) const final { return fields_of(of(object)); }
  std::vector<Cell> row(const api::Object& object, WallTime now) const final { return cells(of(object), now); }

 protected:
  virtual void defaults(T&) const {}
  // True for the few types whose creator says their status too.
  virtual bool keeps_status_at_create() const { return false; }
  virtual void on_create(T&) const {}
  virtual void on_update(T& /*next*/, const T& /*previous*/) const {}
  virtual void on_status_update(T& /*next*/, const T& /*previous*/) const {}
  virtual void on_subresource_update(std::string_view /*subresource*/, T& /*next*/, const T& /*previous*/) const {}
  virtual void check_subresource_update(std::string_view /*subresource*/, const T& /*next*/, const T& /*previous*/, FieldErrors&) const {}
  virtual void check(const T&, FieldErrors&) const {}
  virtual void check_update(const T& /*next*/, const T& /*previous*/, FieldErrors&) const {}
  virtual void check_status_update(const T& /*next*/, const T& /*previous*/, FieldErrors&) const {}
  virtual ScaleView scale_of(const T&) const { return {}; }
  virtual void scale_to(T&, std::int32_t /*replicas*/) const {}
  virtual std::vector<SelectableField> fields_of(const T&) const { return {}; }
  virtual std::vector<Cell> cells(const T& object, WallTime now) const { return Base::row(object, now); }
};

}  // namespace plumb::resources
