// Functions of lists, sets and objects.
#include <algorithm>
#include <cmath>

#include <fmt/core.h>

#include "base/error.h"
#include "bake/functions.h"

namespace slipway::bake {
namespace {

constexpr size_t kMaxItems = 1000000;

bool has(const List& list, const Value& value) { return std::ranges::find(list, value) != list.end(); }

Value chunklist(const Args& a) {
  const List& list = a.list(0);
  const int64_t size = a.integer(1);
  if (size < 0) throw Error("the size of a chunk is negative");
  List out;
  for (const auto& item : list) {
    if (out.empty() || (size > 0 && out.back().list()->size() == static_cast<size_t>(size))) out.emplace_back(List{});
    std::get<List>(out.back().data).push_back(item);
  }
  return out;
}

Value coalesce(const Args& a) {
  for (size_t i = 0; i < a.size(); ++i)
    if (!a.value(i).is_null()) return a.value(i);
  throw Error("all arguments are null");
}

Value coalescelist(const Args& a) {
  for (size_t i = 0; i < a.size(); ++i)
    if (!a.value(i).is_null() && !a.list(i).empty()) return a.value(i);
  throw Error("all lists are empty");
}

Value compact(const Args& a) {
  List out;
  for (const auto& item : a.list(0))
    if (!item.is_null() && to_text(item) != "") out.push_back(item);
  return out;
}

Value concat(const Args& a) {
  List out;
  for (size_t i = 0; i < a.size(); ++i) out.insert(out.end(), a.list(i).begin(), a.list(i).end());
  return out;
}

Value contains(const Args& a) { return has(a.list(0), a.value(1)); }

Value distinct(const Args& a) {
  List out;
  for (const auto& item : a.list(0))
    if (!has(out, item)) out.push_back(item);
  return out;
}

Value element(const Args& a) {
  const List& list = a.list(0);
  if (list.empty()) throw Error("an empty list has no element");
  const auto size = static_cast<int64_t>(list.size());
  return list[static_cast<size_t>(((a.integer(1) % size) + size) % size)];
}

void flatten_into(const List& list, List& out) {
  for (const auto& item : list) {
    if (const auto* inner = item.list()) flatten_into(*inner, out);
    else out.push_back(item);
  }
}

Value flatten(const Args& a) {
  List out;
  flatten_into(a.list(0), out);
  return out;
}

/// The item that the key names; nullptr if there is none.
const Value* item_at(const Value& of, const Value& key) {
  if (const auto* object = of.object()) {
    const auto it = key.text() ? object->find(*key.text()) : object->end();
    return it == object->end() ? nullptr : &it->second;
  }
  if (!of.list()) throw Error(fmt::format("a list or an object is needed here, and this is a {}", kind_name(of)));
  const double n = key.number() ? *key.number() : -1;
  if (n < 0 || n != std::floor(n) || n >= static_cast<double>(of.list()->size())) return nullptr;
  return &(*of.list())[static_cast<size_t>(n)];
}

Value hasindex(const Args& a) { return item_at(a.value(0), a.value(1)) != nullptr; }

Value index(const Args& a) {
  if (const Value* item = item_at(a.value(0), a.value(1))) return *item;
  throw Error(fmt::format("there is no item {}", json_text(a.value(1))));
}

Value indexof(const Args& a) {
  const List& list = a.list(0);
  const auto it = std::ranges::find(list, a.value(1));
  if (it == list.end()) throw Error("the list has no such item");
  return static_cast<double>(it - list.begin());
}

Value keys(const Args& a) {
  List out;
  for (const auto& [key, value] : a.object(0)) out.emplace_back(key);
  return out;
}

Value length(const Args& a) {
  if (const auto* object = a.value(0).object()) return static_cast<double>(object->size());
  return static_cast<double>(a.list(0).size());
}

Value lookup(const Args& a) {
  const Object& object = a.object(0);
  const auto it = object.find(a.text(1));
  if (it != object.end()) return it->second;
  if (a.size() == 3) return a.value(2);
  throw Error(fmt::format("there is no member \"{}\"", a.text(1)), {}, "give a third argument as the value without it");
}

Value merge(const Args& a) {
  Object out;
  for (size_t i = 0; i < a.size(); ++i)
    if (!a.value(i).is_null())
      for (const auto& [key, value] : a.object(i)) out[key] = value;
  return out;
}

Value range(const Args& a) {
  double start = 0, end = a.number(0), step = 0;
  if (a.size() > 1) start = end, end = a.number(1);
  step = a.size() > 2 ? a.number(2) : end < start ? -1 : 1;
  if (step == 0 || (end > start && step < 0) || (end < start && step > 0)) throw Error("the step leads away from the end");
  List out;
  for (double n = start; step > 0 ? n < end : n > end; n += step) {
    if (out.size() >= 1024) throw Error("the range has more than 1024 numbers");
    out.emplace_back(n);
  }
  return out;
}

Value reverselist(const Args& a) {
  List out = a.list(0);
  std::ranges::reverse(out);
  return out;
}

Value sethaselement(const Args& a) { return has(a.list(0), a.value(1)); }

Value setunion(const Args& a) { return as_set(*concat(a).list()); }

Value setintersection(const Args& a) {
  List out = as_set(a.list(0));
  for (size_t i = 1; i < a.size(); ++i) std::erase_if(out, [&](const Value& v) { return !has(a.list(i), v); });
  return out;
}

Value setsubtract(const Args& a) {
  List out = as_set(a.list(0));
  std::erase_if(out, [&](const Value& v) { return has(a.list(1), v); });
  return out;
}

Value setsymmetricdifference(const Args& a) {
  List out = as_set(a.list(0));
  for (size_t i = 1; i < a.size(); ++i) {
    const List other = as_set(a.list(i));
    List next;
    for (const auto& v : out)
      if (!has(other, v)) next.push_back(v);
    for (const auto& v : other)
      if (!has(out, v)) next.push_back(v);
    out = as_set(std::move(next));
  }
  return out;
}

Value setproduct(const Args& a) {
  std::vector<List> rows(1);
  for (size_t i = 0; i < a.size(); ++i) {
    std::vector<List> next;
    for (const auto& row : rows)
      for (const auto& item : a.list(i)) {
        if (next.size() >= kMaxItems) throw Error("the product has too many elements");
        next.push_back(row);
        next.back().push_back(item);
      }
    rows = std::move(next);
  }
  List out;
  for (auto& row : rows) out.emplace_back(std::move(row));
  return out;
}

Value slice(const Args& a) {
  const List& list = a.list(0);
  const int64_t start = a.integer(1), end = a.integer(2);
  if (start < 0 || end < start || end > static_cast<int64_t>(list.size()))
    throw Error(fmt::format("{} to {} is no part of a list of {}", start, end, list.size()));
  return List(list.begin() + start, list.begin() + end);
}

Value sort(const Args& a) {
  std::vector<std::string> texts;
  for (const auto& item : a.list(0)) texts.push_back(to_text(item));
  std::ranges::sort(texts);
  List out;
  for (auto& text : texts) out.emplace_back(std::move(text));
  return out;
}

Value values(const Args& a) {
  List out;
  for (const auto& [key, value] : a.object(0)) out.push_back(value);
  return out;
}

Value zipmap(const Args& a) {
  const List &names = a.list(0), &items = a.list(1);
  if (names.size() != items.size())
    throw Error(fmt::format("there are {} keys for {} values", names.size(), items.size()));
  Object out;
  for (size_t i = 0; i < names.size(); ++i) out[to_text(names[i])] = items[i];
  return out;
}

constexpr Function kFunctions[] = {
    {"chunklist", 2, 2, chunklist},
    {"coalesce", 1, kAny, coalesce, true},
    {"coalescelist", 1, kAny, coalescelist, true},
    {"compact", 1, 1, compact},
    {"concat", 1, kAny, concat},
    {"contains", 2, 2, contains, true},
    {"distinct", 1, 1, distinct},
    {"element", 2, 2, element},
    {"flatten", 1, 1, flatten},
    {"hasindex", 2, 2, hasindex},
    {"index", 2, 2, index},
    {"indexof", 2, 2, indexof, true},
    {"keys", 1, 1, keys},
    {"length", 1, 1, length},
    {"lookup", 2, 3, lookup, true},
    {"merge", 0, kAny, merge, true},
    {"range", 1, 3, range},
    {"reverselist", 1, 1, reverselist},
    {"sethaselement", 2, 2, sethaselement},
    {"setintersection", 1, kAny, setintersection},
    {"setproduct", 2, kAny, setproduct},
    {"setsubtract", 2, 2, setsubtract},
    {"setsymmetricdifference", 1, kAny, setsymmetricdifference},
    {"setunion", 1, kAny, setunion},
    {"slice", 3, 3, slice},
    {"sort", 1, 1, sort},
    {"values", 1, 1, values},
    {"zipmap", 2, 2, zipmap},
};

}  // namespace

std::span<const Function> collection_functions() { return kFunctions; }

}  // namespace slipway::bake
