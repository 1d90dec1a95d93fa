package main

import (
	"fmt"
	"go/types"
	"strings"
)

// spell writes a type with full import paths and without aliases, parameter names and tags. It gives nothing
// for what has no such spelling: unions and invalid types.
func spell(of types.Type) string {
	var s speller
	s.write(of)
	if s.failed {
		return ""
	}
	return s.text.String()
}

type speller struct {
	text   strings.Builder
	failed bool
}

func (s *speller) write(of types.Type) {
	switch of := types.Unalias(of).(type) {
	case nil:
		s.failed = true
	case *types.Basic:
		s.basic(of)
	case *types.Named:
		s.named(of)
	case *types.TypeParam:
		s.text.WriteString(of.Obj().Name())
	case *types.Pointer:
		s.with("*", of.Elem())
	case *types.Slice:
		s.with("[]", of.Elem())
	case *types.Array:
		s.with(fmt.Sprintf("[%d]", of.Len()), of.Elem())
	case *types.Map:
		s.with("map[", of.Key())
		s.with("]", of.Elem())
	case *types.Chan:
		s.with([]string{"chan ", "chan<- ", "<-chan "}[of.Dir()], of.Elem())
	case *types.Signature:
		s.text.WriteString("func")
		s.tuple(of.Params(), of.Variadic())
		s.tuple(of.Results(), false)
	case *types.Tuple:
		s.tuple(of, false)
	case *types.Struct:
		s.structure(of)
	case *types.Interface:
		s.methods(of)
	default:
		s.failed = true
	}
}

func (s *speller) with(prefix string, of types.Type) {
	s.text.WriteString(prefix)
	s.write(of)
}

func (s *speller) basic(of *types.Basic) {
	switch of.Kind() {
	case types.Invalid:
		s.failed = true
	case types.Uint8:
		s.text.WriteString("uint8")
	case types.Int32:
		s.text.WriteString("int32")
	case types.UntypedRune:
		s.text.WriteString("int32")
	case types.UnsafePointer:
		s.text.WriteString("unsafe.Pointer")
	default:
		s.text.WriteString(defaulted(of).Name())
	}
}

func (s *speller) named(of *types.Named) {
	if pkg := of.Obj().Pkg(); pkg != nil {
		s.text.WriteString(pkg.Path() + ".")
	}
	s.text.WriteString(of.Obj().Name())
	for i := range of.TypeArgs().Len() {
		s.with([]string{"[", ", "}[min(i, 1)], of.TypeArgs().At(i))
	}
	if of.TypeArgs().Len() > 0 {
		s.text.WriteString("]")
	} else if parameters := of.TypeParams(); parameters.Len() > 0 {
		for i := range parameters.Len() {
			s.with([]string{"[", ", "}[min(i, 1)], parameters.At(i))
		}
		s.text.WriteString("]")
	}
}

func (s *speller) tuple(of *types.Tuple, variadic bool) {
	s.text.WriteString("(")
	for i := range of.Len() {
		if i > 0 {
			s.text.WriteString(", ")
		}
		slice, isSlice := of.At(i).Type().(*types.Slice)
		if variadic && isSlice && i == of.Len()-1 {
			s.with("...", slice.Elem())
		} else {
			s.write(of.At(i).Type())
		}
	}
	s.text.WriteString(")")
}

func (s *speller) structure(of *types.Struct) {
	s.text.WriteString("struct{")
	for i := range of.NumFields() {
		if i > 0 {
			s.text.WriteString("; ")
		}
		s.with(of.Field(i).Name()+" ", of.Field(i).Type())
	}
	s.text.WriteString("}")
}

// methods writes all methods, embedded ones too, in the order of their names.
func (s *speller) methods(of *types.Interface) {
	switch {
	case !of.IsMethodSet():
		s.failed = true
	case of.Empty():
		s.text.WriteString("any")
	default:
		s.text.WriteString("interface{")
		for i := range of.NumMethods() {
			if i > 0 {
				s.text.WriteString("; ")
			}
			s.with(of.Method(i).Name()+" ", of.Method(i).Type())
		}
		s.text.WriteString("}")
	}
}

// defaulted gives untyped constants the type that a variable would get; untyped nil stays.
func defaulted(of *types.Basic) *types.Basic {
	if of.Kind() == types.UntypedNil {
		return of
	}
	return types.Default(of).(*types.Basic)
}
