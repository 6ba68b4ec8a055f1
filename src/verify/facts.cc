#include "verify/facts.h"

#include <fmt/core.h>

#include "base/error.h"
#include "json/json.h"

namespace slipway::verify {
namespace {

using json::Value;

constexpr int kVersion = 1;

void put(Value& to, const char* key, const std::string& text) {
  if (!text.empty()) to[key] = text;
}
void put(Value& to, const char* key, uint64_t number) {
  if (number) to[key] = number;
}

// Members that have their usual value are left out.
Value print_elf(const Elf& elf) {
  Value out = Value::object();
  put(out, "m", elf.machine);
  if (elf.bits != 64) out["b"] = elf.bits;
  put(out, "be", elf.big_endian);
  put(out, "os", elf.os_abi);
  put(out, "t", elf.type);
  put(out, "f", elf.flags);
  put(out, "dyn", elf.is_dynamic);
  put(out, "pie", elf.is_pie);
  put(out, "in", elf.interpreter);
  put(out, "so", elf.soname);
  put(out, "rp", elf.rpath);
  put(out, "run", elf.runpath);
  if (!elf.needed.empty()) out["need"] = elf.needed;
  put(out, "isa", elf.x86_isa);
  put(out, "feat", elf.features);
  put(out, "arm", elf.arm_version);
  put(out, "cut", elf.is_cut);
  return out;
}

uint64_t number(const Value& from, const char* key, uint64_t fallback = 0) {
  const auto value = json::int_or_none(from, key);
  return value ? static_cast<uint64_t>(*value) : fallback;
}

std::vector<std::string> texts(const Value& from, const char* key) {
  std::vector<std::string> out;
  if (const Value* list = json::find(from, key); list && list->is_array())
    for (const auto& item : *list)
      if (item.is_string()) out.push_back(item.get<std::string>());
  return out;
}

Elf parse_elf(const Value& from) {
  Elf elf;
  elf.machine = static_cast<uint16_t>(number(from, "m"));
  elf.bits = static_cast<uint8_t>(number(from, "b", 64));
  elf.big_endian = number(from, "be");
  elf.os_abi = static_cast<uint8_t>(number(from, "os"));
  elf.type = static_cast<uint16_t>(number(from, "t"));
  elf.flags = static_cast<uint32_t>(number(from, "f"));
  elf.is_dynamic = number(from, "dyn");
  elf.is_pie = number(from, "pie");
  elf.interpreter = json::string_or(from, "in");
  elf.soname = json::string_or(from, "so");
  elf.rpath = json::string_or(from, "rp");
  elf.runpath = json::string_or(from, "run");
  elf.needed = texts(from, "need");
  elf.x86_isa = static_cast<uint32_t>(number(from, "isa"));
  elf.features = static_cast<uint32_t>(number(from, "feat"));
  elf.arm_version = static_cast<uint8_t>(number(from, "arm"));
  elf.is_cut = number(from, "cut");
  return elf;
}

Value print_code(const Code& code) {
  Value out = Value::object();
  out["p"] = code.path;
  put(out, "s", code.size);
  out["h"] = code.head;
  if (code.format == Format::Elf) {
    out["elf"] = print_elf(code.elf);
  } else {
    out["format"] = code.format == Format::Pe ? "pe" : "macho";
    out["machines"] = code.machines;
  }
  return out;
}

Code parse_code(const Value& from) {
  Code code{.path = json::string_or(from, "p"), .size = number(from, "s")};
  code.head = json::string_or(from, "h");
  if (const Value* elf = json::find(from, "elf")) {
    code.elf = parse_elf(*elf);
  } else {
    code.format = json::string_or(from, "format") == "pe" ? Format::Pe : Format::MachO;
    code.machines = texts(from, "machines");
  }
  return code;
}

// Pairs rather than members: paths are no keys that one wants to look up in JSON, and there may be many.
Value print_texts(const std::map<std::string, std::string>& from) {
  Value out = Value::array();
  for (const auto& [key, text] : from) out.push_back(Value::array({key, text}));
  return out;
}

std::map<std::string, std::string> parse_texts(const Value& from, const char* key) {
  std::map<std::string, std::string> out;
  if (const Value* list = json::find(from, key); list && list->is_array())
    for (const auto& pair : *list)
      if (pair.is_array() && pair.size() == 2 && pair[0].is_string() && pair[1].is_string())
        out[pair[0].get<std::string>()] = pair[1].get<std::string>();
  return out;
}

}  // namespace

std::string print_facts(const Facts& facts) {
  Value out = Value::object();
  out["version"] = kVersion;
  out["code"] = Value::array();
  for (const auto& [path, code] : facts.code) out["code"].push_back(print_code(code));
  out["scripts"] = print_texts(facts.scripts);
  out["archives"] = Value::array();
  for (const auto& [path, archive] : facts.archives) {
    Value one = Value::object();
    one["p"] = path;
    one["code"] = Value::array();
    for (const auto& code : archive.code) one["code"].push_back(print_code(code));
    out["archives"].push_back(std::move(one));
  }
  out["texts"] = print_texts(facts.texts);
  out["unread"] = facts.unread;
  return json::dump(out);
}

Facts parse_facts(std::string_view text, std::string_view origin) {
  const Value value = json::parse(text, origin);
  if (number(value, "version") != kVersion) throw Error("these facts about a layer are of another version", std::string(origin));
  Facts facts;
  if (const Value* list = json::find(value, "code"); list && list->is_array())
    for (const auto& item : *list) {
      Code code = parse_code(item);
      facts.code.emplace(code.path, std::move(code));
    }
  facts.scripts = parse_texts(value, "scripts");
  if (const Value* archives = json::find(value, "archives"); archives && archives->is_array())
    for (const auto& archive : *archives) {
      Archive& to = facts.archives[json::string_or(archive, "p")];
      if (const Value* members = json::find(archive, "code"); members && members->is_array())
        for (const auto& item : *members) to.code.push_back(parse_code(item));
    }
  facts.texts = parse_texts(value, "texts");
  facts.unread = texts(value, "unread");
  return facts;
}

}  // namespace slipway::verify
