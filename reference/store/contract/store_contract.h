// What every store must do (store.h), as one suite. A store's own test makes a factory and instantiates StoreContract with it.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <string>

#include "reference/store/store.h"

namespace plumb::store {

// One store for one test. The suite only uses keys under `root`, so that a shared server can serve many tests.
class StoreFixture {
 public:
  virtual ~StoreFixture() = default;
  virtual Store& store() = 0;
  virtual bool expires_leases_at_will() const { return false; }
  virtual void advance(std::chrono::seconds) {}  // where expires_leases_at_will()
  // Why no store can be had; empty when it can.
  virtual std::string missing() const { return {}; }
};

struct StoreFactory {
  std::string name;
  std::function<std::unique_ptr<StoreFixture>()> make;
};

class StoreContract : public testing::TestWithParam<StoreFactory> {
 protected:
  void SetUp() override;
  Store& store() { return fixture_->store(); }
  std::string key(const std::string& name) const { return root_ + name; }
  // Each must succeed; returns the revision of the change.
  Revision put(const std::string& name, const std::string& value, LeaseId lease = 0);
  Revision remove(const std::string& name);
  std::string value(const std::string& name, Revision at = 0);  // "<none>" when there is no such key

  std::unique_ptr<StoreFixture> fixture_;
  std::string root_;
};

}  // namespace plumb::store
